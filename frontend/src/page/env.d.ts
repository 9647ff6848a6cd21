interface ImportMetaEnv {
  /** The address of the API; empty or absent where it is the page's own. */
  readonly VITE_API_BASE_URL?: string;
}

/** What the plugin reads of Docusaurus' own `LoadContext`. */
interface Context {
  readonly baseUrl: string;
  readonly i18n: { readonly currentLocale: string };
}

/** What the plugin has of Docusaurus' own `Plugin`. */
interface Plugin {
  readonly name: string;
  getClientModules(): string[];
  injectHtmlTags(): { postBodyTags: string[] };
}

export interface Options {
  readonly id?: string;
  /** The address of the service, such as `https://owner-space.hf.space`. */
  readonly api: string;
  /** The language of the chat; by default the locale of the page. */
  readonly lang?: string;
  /** By default `auto`, which follows the site's own switch. */
  readonly theme?: "auto" | "light" | "dark";
  readonly heading?: string;
  readonly placeholder?: string;
  /** First questions to choose from. */
  readonly suggestions?: readonly string[];
  /** False: text that the reader selects offers nothing. */
  readonly selection?: boolean;
  /** Where source links lead; by default the site's base URL, with the locale in it. */
  readonly docsBase?: string;
}

export default function ragspaceChat(context: Context, options: Options): Plugin;

/** @throws where an option is unknown, or `api` is no address. */
export function validateOptions(given: { readonly options: Readonly<Record<string, unknown>> }): Options;

type OptionalKey<T> = { [Key in keyof T]-?: object extends Pick<T, Key> ? Key : never }[keyof T];

/** `T`, but with undefined where it may lack a key. */
export type MaybeUndefined<T> = Omit<T, OptionalKey<T>> & {
  readonly [Key in OptionalKey<T>]?: T[Key] | undefined;
};

/** Leaves out what is undefined. */
export function defined<T extends object>(value: MaybeUndefined<T>): T {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries) as T;
}

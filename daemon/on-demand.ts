/** What is made when it is first asked for: a daemon that nobody asks for it starts sooner. */

/** Gives what `make` gave on the first call. A `make` that throws is called again. */
export function onDemand<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

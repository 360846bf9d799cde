/** A module of the compiled program, as users run it, with the types of its source: `compiled<typeof import('../src/index.ts')>('index.js')`. */
export async function compiled<T>(path: string): Promise<T> {
  return (await import(new URL(`../dist/${path}`, import.meta.url).href)) as T;
}

/** Where the words of each language lie; made by console/words-plugin.ts. */
declare module 'virtual:words' {
  const addresses: Readonly<Record<'en' | 'fr', string>>;
  export default addresses;
}

/**
 * In which order agents are shown to people.
 *
 * @module
 */

const COLLATOR = new Intl.Collator("en", { numeric: true });

/** Orders things by their addresses, and these by the numbers in them: 203.0.113.9 before .10. */
export function sortByAddress<T extends { readonly address: string }>(things: readonly T[]): T[] {
  return [...things].sort((a, b) => COLLATOR.compare(a.address, b.address));
}

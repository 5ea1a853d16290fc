/** Where an event is: in a place, and online. Pure. */
import type { Details } from './types';

export function placeOf(one: Pick<Details, 'locations'>): string {
  return Object.values(one.locations ?? {}).map((location) => location?.name).filter(Boolean).join(', ');
}

/** The first address at which one meets online; only what a browser may open. */
export function onlineOf(one: Pick<Details, 'virtualLocations'>): string {
  return Object.values(one.virtualLocations ?? {}).map((location) => location?.uri ?? '').find((uri) => /^https?:\/\//i.test(uri)) ?? '';
}

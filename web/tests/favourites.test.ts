import { beforeEach, describe, expect, it } from 'vitest';
import { favourites } from '../src/kernel/favourites.svelte';
import { preferences } from '../src/kernel/preferences.svelte';

describe('Favourites', () => {
  beforeEach(() => preferences.set({ favourites: ['/mail/inbox', '/mail/a1~inbox', '/search?q=budget'] }));

  it('are put at the end and taken out again', () => {
    expect(favourites.toggle('/mail/label:x')).toBe(true);
    expect(favourites.all.at(-1)).toBe('/mail/label:x');
    expect(favourites.toggle('/mail/inbox')).toBe(false);
    expect(favourites.all).toEqual(['/mail/a1~inbox', '/search?q=budget', '/mail/label:x']);
  });
  it('are moved up and down, never over the ends', () => {
    favourites.move('/search?q=budget', 0);
    expect(favourites.all).toEqual(['/search?q=budget', '/mail/inbox', '/mail/a1~inbox']);
    favourites.move('/search?q=budget', 9);
    expect(favourites.all).toEqual(['/mail/inbox', '/mail/a1~inbox', '/search?q=budget']);
    favourites.move('/mail/inbox', -1);
    expect(favourites.all[0]).toBe('/mail/inbox');
  });
});

import { beforeEach, describe, expect, it } from 'vitest';
import { follow } from '../src/ui/placing';

const boxed = (box: DOMRect) => Object.assign(document.body.appendChild(document.createElement('div')), { getBoundingClientRect: () => box });
const closed = (popover: HTMLElement) => popover.dispatchEvent(Object.assign(new Event('toggle'), { newState: 'closed' }));

describe('what opens beside an element', () => {
  beforeEach(() => document.body.replaceChildren());

  it('goes with it when the page scrolls, until it closes', () => {
    let box = new DOMRect(40, 100, 80, 30);
    const anchor = Object.assign(boxed(box), { getBoundingClientRect: () => box });
    const popover = boxed(new DOMRect(0, 0, 200, 120));
    follow(popover, anchor);
    expect([popover.style.left, popover.style.top]).toEqual(['40px', '134px']);
    box = new DOMRect(40, 60, 80, 30);
    document.body.dispatchEvent(new Event('scroll'));
    expect(popover.style.top).toBe('94px');
    box = new DOMRect();
    document.body.dispatchEvent(new Event('scroll'));
    expect(popover.style.top, 'what it belongs to is not drawn').toBe('94px');
    closed(popover);
    box = new DOMRect(40, 300, 80, 30);
    window.dispatchEvent(new Event('resize'));
    expect(popover.style.top).toBe('94px');
  });

  it('stands over it where there is no room below, inside the window, and is not moved by its own scrolling', () => {
    const anchor = boxed(new DOMRect(innerWidth - 50, innerHeight - 40, 40, 30));
    const popover = boxed(new DOMRect(0, 0, 200, 120));
    follow(popover, anchor);
    expect([popover.style.left, popover.style.top]).toEqual([`${innerWidth - 210}px`, `${innerHeight - 164}px`]);
    popover.style.top = '1px';
    popover.dispatchEvent(new Event('scroll'));
    expect(popover.style.top).toBe('1px');
  });
});

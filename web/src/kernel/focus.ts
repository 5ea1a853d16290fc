/** Where the focus goes when what had it is taken away: back to where it was before, so that no one starts anew. */
import { isField } from './keys';

const MOST = 12;
const trail: HTMLElement[] = [];

function began(event: FocusEvent): void {
  const { target } = event;
  if (!(target instanceof HTMLElement) || target === trail.at(-1)) return;
  trail.push(target);
  if (trail.length > MOST) trail.shift();
}

/** Gives the focus to the last place that is still there, or to the screen. */
function goBack(gone: HTMLElement): void {
  if (document.activeElement && document.activeElement !== document.body) return;
  // A field would bring up the keyboard of a phone; and take in as text the next key of who gives commands in a list.
  const fields = !matchMedia('(hover: none)').matches && gone.getAttribute('role') !== 'listbox';
  const place = trail.findLast((one) => one.isConnected && one.checkVisibility() && (fields || !isField(one))) ?? document.getElementById('main');
  place?.focus({ preventScroll: true });
}

function ended(event: FocusEvent): void {
  const { target, relatedTarget } = event;
  if (relatedTarget || !(target instanceof HTMLElement)) return;
  setTimeout(() => !target.isConnected && goBack(target));
}

export function keepFocus(): () => void {
  document.addEventListener('focusin', began);
  document.addEventListener('focusout', ended);
  return () => {
    trail.length = 0;
    document.removeEventListener('focusin', began);
    document.removeEventListener('focusout', ended);
  };
}

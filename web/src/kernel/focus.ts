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
function goBack(): void {
  if (document.activeElement && document.activeElement !== document.body) return;
  const touch = matchMedia('(hover: none)').matches; // a field would bring up its keyboard
  const place = trail.findLast((one) => one.isConnected && one.checkVisibility() && !(touch && isField(one))) ?? document.getElementById('main');
  place?.focus({ preventScroll: true });
}

function ended(event: FocusEvent): void {
  const { target, relatedTarget } = event;
  if (relatedTarget || !(target instanceof HTMLElement)) return;
  setTimeout(() => !target.isConnected && goBack());
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

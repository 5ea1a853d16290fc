/** What the dialog is open for. */
import type { ShareRequest } from '../kernel/features';

class Asked {
  request = $state.raw<ShareRequest | null>(null);
}

export const asked = new Asked();

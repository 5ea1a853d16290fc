/** How much room an account's files take and may take. RFC 9425 */
import { jmap } from '../kernel/jmap';
import { FileNodeType } from './types';
import { store } from '../kernel/store.svelte';
import { view } from './view.svelte';

const QUOTA = 'urn:ietf:params:jmap:quota';

interface QuotaRecord {
  resourceType: string;
  used: number;
  hardLimit: number;
  types: string[];
}

class Quota {
  used = $state(0);
  /** 0 while there is none, or it is not known. */
  limit = $state(0);
  private end: (() => void) | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Asks once, and again a moment after files changed. */
  begin(): void {
    if (this.end || !jmap.has(QUOTA)) return;
    this.end = store.onChange(({ type }) => {
      if (type !== FileNodeType.name) return;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.ask(), 2_000);
    });
    void this.ask();
  }

  private async ask(): Promise<void> {
    const answer = await jmap.call<{ list: QuotaRecord[] }>('Quota/get', { accountId: view.home, ids: null }).catch(() => null);
    const found = answer?.list.find(({ resourceType, types }) => resourceType === 'octets' && types.includes(FileNodeType.name));
    [this.used, this.limit] = [found?.used ?? 0, found?.hardLimit ?? 0];
  }
}

export const quota = new Quota();

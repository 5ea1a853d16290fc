/** The accounts of the session by what they hold, and whose inboxes a person wants to see as one. */
import { type Account, jmap, MAIL, SHARING } from './jmap';
import { preferences } from './preferences.svelte';
import { signedIn } from './session.svelte';
import { link } from './start.svelte';

export interface MailAccount {
  id: string;
  name: string;
  /** The person's or the team's, when the server tells it; else the address, without the domain when it is one's own. */
  short: string;
  /** The person's account on this server. */
  own: boolean;
  /** Nobody else's: also those the person has elsewhere. */
  personal: boolean;
}

class Accounts {
  /** The person's own account. Reactive. */
  get home(): string {
    return link.session?.primaryAccounts[MAIL] ?? jmap.primary(MAIL);
  }

  /** Those with mail. Reactive. */
  get all(): MailAccount[] {
    return this.holding(MAIL);
  }

  /** Those that hold data of a capability: the person's own first, then those they have elsewhere, then shared ones. Reactive. */
  holding(capability: string): MailAccount[] {
    const domain = signedIn.person?.address.replace(/^.*@/, '@') ?? '';
    const held = Object.entries(link.session?.accounts ?? {}).filter(([, account]) => capability in account.accountCapabilities);
    return held
      .map(([id, { name, isPersonal, accountCapabilities }]) => ({ id, name, short: ownerOf(accountCapabilities) ?? (domain && name.endsWith(domain) ? `${name.slice(0, -domain.length)}@` : name), own: id === this.home, personal: id === this.home || isPersonal }))
      .sort((a, b) => Number(b.own) - Number(a.own) || Number(b.personal) - Number(a.personal) || a.short.localeCompare(b.short));
  }

  /** Whether an account's inbox is among all inboxes; without a word of the person's, their own accounts' are. Reactive. */
  joins({ id, personal }: MailAccount): boolean {
    return preferences.value.inboxes[id] ?? personal;
  }

  setJoins(account: MailAccount, on: boolean): void {
    preferences.set({ inboxes: { ...preferences.value.inboxes, [account.id]: on } });
  }
}

function ownerOf(capabilities: Account['accountCapabilities']): string | undefined {
  return (capabilities[SHARING]?.ownerName as string | undefined) || undefined;
}

export const accounts = new Accounts();

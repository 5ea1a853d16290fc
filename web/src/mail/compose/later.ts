/** When a message may be sent later: the mornings that people choose most. Pure. */

const HOUR = 8;

/** At eight in the morning, so many days from a day. */
function morning(now: Date, days: number): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, HOUR);
}

/** Tomorrow, and the next Monday when that is another day. */
export function mornings(now: Date): { tomorrow: Date; monday: Date | null } {
  const days = (8 - now.getDay()) % 7 || 7;
  return { tomorrow: morning(now, 1), monday: days === 1 ? null : morning(now, days) };
}

/** An instant as RFC 4865 and JMAP write it. */
export function utc(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** What a mailto address asks to be written (RFC 6068), as a request for a message. Pure. */
import type { ComposeRequest } from '../../kernel/features';

const decoded = (text: string) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Recipients, subject and text; everything else that an address may carry is left out. */
export function mailtoRequest(address: string): Pick<ComposeRequest, 'to' | 'cc' | 'subject' | 'text'> {
  const [path = '', query = ''] = address.replace(/^mailto:/i, '').split('?');
  const fields = new Map(query.split('&').filter(Boolean).map((pair) => {
    const [name = '', value = ''] = pair.split('=');
    return [name.toLowerCase(), decoded(value)] as const;
  }));
  const people = (text = '') => text.split(',').map((one) => one.trim()).filter(Boolean).map((email) => ({ email }));
  const cc = people(fields.get('cc'));
  return {
    to: [...path.split(',').map((one) => ({ email: decoded(one).trim() })).filter(({ email }) => email), ...people(fields.get('to'))],
    ...(cc.length ? { cc } : {}),
    ...(fields.get('subject') ? { subject: fields.get('subject') } : {}),
    ...(fields.get('body') ? { text: fields.get('body') } : {}),
  };
}

/** HTML of a message, made harmless: only what Matrix names is left (§m.room.message msgtypes), both as it is sent and as it is shown. */
import DOMPurify from 'dompurify';

const TAGS = 'del h1 h2 h3 h4 h5 h6 blockquote p a ul ol sup sub li b i u strong em s code hr br div table thead tbody tr th td caption pre span details summary'.split(' ');
const ATTRIBUTES = ['href', 'start', 'class', 'data-mx-spoiler'];
const USER = /^https:\/\/matrix\.to\/#\/(?:@|%40)/i;
const purifier = DOMPurify();

purifier.addHook('afterSanitizeAttributes', (node) => {
  if (node.hasAttribute('class') && !(node.tagName === 'CODE' && /^language-[\w+#.-]+$/.test(node.className))) node.removeAttribute('class');
  if (node.tagName !== 'A') return;
  node.setAttribute('target', '_blank');
  node.setAttribute('rel', 'noopener noreferrer nofollow');
});

/** What may be sent, or shown. */
export function sanitised(html: string): string {
  return purifier.sanitize(html.replace(/<mx-reply>.*<\/mx-reply>/s, ''), { ALLOWED_TAGS: TAGS, ALLOWED_ATTR: [...ATTRIBUTES, 'target', 'rel'], ALLOW_DATA_ATTR: false, ALLOWED_URI_REGEXP: /^(?:https?|mailto|ftp|magnet):/i });
}

/** As it is shown: people who are named look like it, and `me` most of all. */
export function shownHtml(html: string, me: string): string {
  const box = document.createElement('template');
  box.innerHTML = sanitised(html);
  for (const link of box.content.querySelectorAll('a')) {
    if (!USER.test(link.href)) continue;
    const user = decodeURIComponent(link.href.replace(/^.*#\//, '')).split('?')[0];
    const name = document.createElement('span');
    name.className = user === me ? 'mention me' : 'mention';
    name.textContent = `@${(link.textContent ?? '').replace(/^@/, '')}`;
    link.replaceWith(name);
  }
  for (const table of box.content.querySelectorAll('pre, table')) table.setAttribute('tabindex', '0');
  return box.innerHTML;
}

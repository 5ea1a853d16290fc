import { describe, expect, it } from 'vitest';
import { safeDocument, type SafeOptions } from '../src/mail/read/html';

const options: SafeOptions = { inline: new Map([['logo@x', 'blob:here']]), allowRemote: false, dark: false, quoteLabel: 'quote' };
const show = (html: string, more: Partial<SafeOptions> = {}) => safeDocument(html, { ...options, ...more });

describe('safeDocument', () => {
  it('keeps nothing that could run', () => {
    const hostile = `<script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)></svg><a href="javascript:alert(1)">x</a>
      <iframe src="https://e.example"></iframe><form action="https://e.example"><input name=p></form><object data=x></object><meta http-equiv=refresh content="0;url=https://e.example">
      <base href="https://e.example"><link rel=stylesheet href="https://e.example/a.css"><math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>`;
    const { document } = show(hostile);
    const body = document.slice(document.indexOf('<body'));
    expect(body).not.toMatch(/<script|onerror|onload|javascript:|<iframe|<form|<input|<object|<base|<link|http-equiv|<svg/i);
  });
  it('has a policy that lets nothing in from outside until the reader agrees', () => {
    const remote = '<p>Hello <img src="https://e.example/a.png" width="300"><img src="https://e.example/pixel.gif" width="1" height="1"></p>';
    const closed = show(remote);
    expect(closed.remote).toBe(true);
    expect(closed.document).toContain("default-src 'none'; img-src data: blob:;");
    expect(closed.document).not.toContain('e.example');
    expect(closed.document.match(/parvis-blocked"/g)).toHaveLength(1);
    expect(show('<img src="https://e.example/spacer.gif" width="20" height="20">').document).not.toContain('parvis-blocked"');
    expect(show('<img src="https://e.example/a.png" alt="Our logo" width="300">').document).toContain('<span class="parvis-blocked" style="width: 300px;">Our logo</span>');
    const agreed = show(remote, { allowRemote: true });
    expect(agreed.document).toContain('https://e.example/a.png');
    expect(agreed.document).toContain('img-src data: blob: https:;');
  });
  it('notices remote pictures in styles too', () => {
    expect(show('<div style="background:url(https://e.example/x)">a</div>').remote).toBe(true);
    expect(show('<p>nothing here</p>').remote).toBe(false);
  });
  it('shows inline pictures by Content-ID', () => {
    expect(show('<img src="cid:logo@x">').document).toContain('src="blob:here"');
    expect(show('<img src="cid:other">').document).not.toContain('cid:other');
  });
  it('opens links outside and shows where they lead', () => {
    const { document } = show('<a href="https://e.example/x">here</a>');
    expect(document).toContain('target="_blank"');
    expect(document).toContain('rel="noopener noreferrer nofollow"');
    expect(document).toContain('title="https://e.example/x"');
  });
  it('folds what was written before, but not a message that is only a quote', () => {
    expect(show('<p>Yes</p><blockquote type="cite"><p>Old</p></blockquote>').document).toContain('<details class="parvis-quote">');
    expect(show('<blockquote type="cite"><p>Old</p></blockquote>').document).not.toContain('<details');
  });
  it('folds the line that introduces a quote with it, and no other', () => {
    const body = (html: string) => show(html).document.replace(/^.*<body>/s, '').replace(/<summary.*?<\/summary>/g, '');
    expect(body('<div>Yes<br><br>\nOn Monday, Ann wrote:<br>\n<blockquote>x</blockquote></div>')).toMatch(/^<div>Yes<br><br><details class="parvis-quote">\nOn Monday, Ann wrote:<br>\n<blockquote>/);
    expect(body('<p>Yes</p><p>Ann wrote:</p><blockquote>x</blockquote>')).toMatch(/^<p>Yes<\/p><details class="parvis-quote"><p>Ann wrote:<\/p><blockquote>/);
    expect(body('<p>Yes</p><blockquote>x</blockquote>')).toMatch(/^<p>Yes<\/p><details class="parvis-quote"><blockquote>/);
    expect(body('<p>Thanks</p>Ann<br><blockquote>x</blockquote>')).toMatch(/^<p>Thanks<\/p>Ann<br><details/);
  });
  it('folds a last quote that nothing marks as one', () => {
    expect(show('<div>Yes<br><blockquote>Old<blockquote>Older</blockquote></blockquote></div>').document.match(/<details/g)).toHaveLength(1);
    expect(show('<div>Yes<br><blockquote>Old</blockquote>and new</div>').document).not.toContain('<details');
  });
  it('dims signatures, and nothing that stands before or behind them', () => {
    const dimmed = (html: string) => /<div class="parvis-signature">(.*?)<\/div>/s.exec(show(html).document)?.[1];
    expect(dimmed('<div>Hello<br>\n-- <br>\nAnn<br>Chair<br>\n<br>Bob wrote:<br><blockquote>x</blockquote></div>')).toBe('\n-- <br>\nAnn<br>Chair<br>\n');
    expect(dimmed('<p>Hello</p><p>--</p><p>Ann</p>')).toBe('<p>--</p><p>Ann</p>');
    expect(dimmed('<p>Hello</p><p>-- <br>Ann</p>')).toBe('-- <br>Ann');
    expect(dimmed(`<p>One</p><p>--</p><p>${'Two '.repeat(300)}</p>`)).toBeUndefined();
    expect(dimmed('<p>a <b>--</b> b</p>')).toBeUndefined();
    expect(show('<p>x</p><div class="gmail_signature">Ann</div>').document).toContain('class="gmail_signature parvis-signature"');
  });
  it('keeps a design of its own on white paper in the dark', () => {
    expect(show('<p style="color:#333">x</p>', { dark: true })).toMatchObject({ designed: true });
    expect(show('<p>x</p>', { dark: true }).document).toContain('color-scheme:dark');
  });
  it('keeps the style of the message from breaking out', () => {
    const { document } = show('<style>p{color:red}</style></style><p>x</p>');
    expect(document.match(/<\/style>/g)).toHaveLength(2);
  });
});

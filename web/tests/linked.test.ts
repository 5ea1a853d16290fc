import { beforeEach, describe, expect, it, vi } from 'vitest';
import { bringFile } from '../src/kernel/features';
import { jmap, MAIL } from '../src/kernel/jmap';
import { Attachment, fits, mayLink, place } from '../src/mail/compose/attachment.svelte';
import { takeLinks, withLinkLines, withLinks } from '../src/mail/compose/links';
import { cleanHtml } from '../src/mail/compose/quote';

const link = { id: 'L1', url: 'https://example.org/s/abc', expires: '2027-01-05T22:59:59Z', locked: true };
const linked = () => Attachment.kept({ blobId: '', name: 'Été <1>.mp4', type: 'video/mp4', size: 3_000_000, cid: null, link });
const said = (linkAbove: number | null) => ({ accountCapabilities: { [MAIL]: { maxSizeAttachmentsPerEmail: 100 }, 'urn:parvis:mail': { linkAbove, linkDays: 30 } } });
const file = (size: number) => Attachment.kept({ blobId: 'b1', name: 'x', type: 'text/plain', size, cid: null });
let calls: [string, Record<string, unknown>][];

beforeEach(() => {
  calls = [];
  jmap.session = { accounts: { A: said(40), B: said(null) } } as never;
  bringFile.provide(async () => async ({ told }) => (told(1), { accountId: 'F', blobId: 'bF' }));
  vi.spyOn(jmap, 'call').mockImplementation(async (name, args) => {
    calls.push([name, args]);
    return { linkId: 'L9', url: 'https://example.org/s/new', expires: '2027-01-01T00:00:00Z' } as never;
  });
});

describe('how a file goes', () => {
  it('is as a link when it is large, or more than the message has room for', () => {
    const [small, large, more] = [file(39), file(40), file(39)];
    expect([place(small, [], 'A'), small.asLink]).toEqual([true, false]);
    expect([place(large, [small], 'A'), large.asLink]).toEqual([true, true]);
    expect([place(more, [small, file(30), large], 'A'), more.asLink]).toEqual([true, true]);
    expect(fits(31, [small, file(30), large], 'A')).toBe(true);
    expect(fits(32, [small, file(30), large], 'A')).toBe(false);
  });
  it('is nowhere when there is no room and there are no links', () => {
    expect([mayLink('A'), mayLink('B')]).toEqual([true, false]);
    const [whole, much] = [file(100), file(101)];
    expect([place(whole, [], 'B'), whole.asLink, place(much, [], 'B'), much.asLink]).toEqual([true, false, false, false]);
  });
  it('can be changed: the link ends, and the file is in the message', async () => {
    const one = file(50);
    place(one, [], 'A');
    await one.upload('A');
    expect([one.status, one.link?.url]).toEqual(['ready', 'https://example.org/s/new']);
    expect(calls[0]).toEqual(['Attachment/link', { accountId: 'A', blobId: 'b1', name: 'x', type: 'text/plain' }]);
    await one.turn('A');
    expect([one.asLink, one.link, one.status, calls[1]]).toEqual([false, null, 'ready', ['Attachment/unlink', { accountId: 'A', linkIds: ['L9'] }]]);
  });
  it('brings what is on this device to the files of who writes', async () => {
    const one = new Attachment('a/b.bin', '', 60, new File(['x'], 'b.bin'));
    place(one, [], 'A');
    await one.upload('A');
    expect(calls).toEqual([['Attachment/link', { accountId: 'F', blobId: 'bF', name: 'a-b.bin', type: 'application/octet-stream' }]]);
    await one.agree('A', '2027-03-01T22:59:59Z', 'secret words');
    expect(one.link).toMatchObject({ expires: '2027-03-01T22:59:59Z', locked: true });
    await one.agree('A', '2027-03-02T22:59:59Z', null);
    expect([one.link!.locked, 'password' in calls.at(-1)![1]]).toEqual([true, false]);
  });
  it('is not known when it did not come, and the link of what was removed meanwhile ends', async () => {
    const one = new Attachment('b.bin', '', 60, new File(['x'], 'b.bin'));
    one.asLink = true;
    bringFile.provide(async () => async () => Promise.reject(new Error('cut off')));
    await one.upload('A');
    expect([one.status, one.link]).toEqual(['failed', null]);
    let come = (_: { accountId: string; blobId: string }) => {};
    bringFile.provide(async () => () => new Promise((resolve) => (come = resolve)));
    const coming = one.upload('A');
    await Promise.resolve();
    one.drop('A');
    come({ accountId: 'F', blobId: 'bF' });
    await coming;
    expect(calls.map(([name]) => name)).toEqual(['Attachment/link', 'Attachment/unlink']);
  });
});

describe('links in a message', () => {
  it('stand above signature and original, and are attachments again in a draft', () => {
    const html = '<p>Hello</p><p>--</p><p>Ann</p><p>On Monday, Bob wrote:</p><blockquote><p>old</p></blockquote>';
    const written = withLinks(html, [linked(), file(1)]);
    expect(written.indexOf('data-parvis-links')).toBeGreaterThan(written.indexOf('Hello'));
    expect(written.indexOf('data-parvis-links')).toBeLessThan(written.indexOf('--'));
    expect(withLinks('<p>x</p><p>Bob:</p><blockquote>y</blockquote>', [linked()])).toMatch(/^<p>x<\/p><div data-parvis-links/);
    const taken = takeLinks(written);
    expect(taken.html).toBe(html);
    expect(taken.files.map((one) => one.keep())).toEqual([linked().keep()]);
  });
  it('are plain links for whoever reads it, without what is ours', () => {
    const shown = cleanHtml(withLinks('', [linked()]));
    expect(shown).toContain('<a href="https://example.org/s/abc">Été &lt;1&gt;.mp4</a>');
    expect(shown).not.toContain('data-');
    expect(withLinkLines('Hello', [linked()])).toMatch(/^Hello\n\n.+\nÉté <1>\.mp4 \(.+\):\nhttps:\/\/example\.org\/s\/abc\n$/);
    expect([withLinks('<p>x</p>', [file(1)]), withLinkLines('x', [file(1)])]).toEqual(['<p>x</p>', 'x']);
  });
  it('that are broken are left out', () => {
    for (const bad of ['<a href="javascript:alert(1)" data-link=\'{"id":"1","expires":"2027-01-01T00:00:00Z"}\'>x</a>', '<a href="https://x.example/" data-link="no">x</a>', '<a href="https://x.example/" data-link=\'{"id":"1"}\'>x</a>'])
      expect(takeLinks(`<div data-parvis-links="1">${bad}</div><p>y</p>`)).toEqual({ html: '<p>y</p>', files: [] });
  });
});

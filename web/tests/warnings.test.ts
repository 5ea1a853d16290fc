import { beforeEach, describe, expect, it } from 'vitest';
import { preferences } from '../src/kernel/preferences.svelte';
import { askFirst } from '../src/mail/read/links';
import { asciiForm, exhibits, isGrave, oddities, pieces, readableHost, settle, unsettled, type Oddity } from '../src/mail/read/warnings';

const odd = (kind: string, shown = '', really = '') => ({ kind, shown, really });
const marked = (text: string, like?: string) => pieces({ text, like }).map(({ text, odd }) => (odd ? `[${text}]` : text)).join('');

describe('what is odd about a message', () => {
  it('is one list, the gravest first, with what is not proved of its sender', () => {
    const found = oddities([odd('firstTime', 'a@b.example'), odd('linkElsewhere', 'x', 'y'), odd('notProved', 'a@b.example', 'b.example'), odd('new in a later server')], { kind: 'failed', domain: 'b.example' });
    expect(found.map(({ kind }) => kind)).toEqual(['failed', 'linkElsewhere', 'firstTime']);
    expect(found.map(isGrave)).toEqual([true, true, false]);
    expect(oddities([], null)).toEqual([]);
    const imitated = [odd('lookalikeSender', 'pаrvis.example', 'parvis.example'), odd('mixedLetters', 'pаrvis.example'), odd('mixedLetters', 'Bаnque')];
    expect(oddities(imitated, null).map(({ shown }) => shown)).toEqual(['pаrvis.example', 'Bаnque']);
  });
  it('shows what differs from the domain it imitates', () => {
    expect(marked('paris-mail.example', 'parvis-mail.example')).toBe('pa[ri]s-mail.example');
    expect(marked('parvls.example', 'parvis.example')).toBe('parv[l]s.example');
    expect(marked('parviis.example', 'parvis.example')).toBe('parvi[i]s.example');
    expect(marked('рarvis.example', 'parvis.example')).toBe('[р]arvis.example');
    expect(marked('mail.parvis.test', 'parvis.test')).toBe('[mail.]parvis.test');
  });
  it('shows letters of other alphabets, and a domain as the net writes it', () => {
    expect(marked('Bаnque')).toBe('B[а]nque');
    expect(marked('Công ty ABC')).toBe('Công ty ABC');
    expect(asciiForm('аpple.example')).toBe('xn--pple-43d.example');
    expect(asciiForm('moi@аpple.example')).toBe('moi@xn--pple-43d.example');
    expect(asciiForm('apple.example')).toBe('');
    expect(asciiForm('Bаnque de France')).toBe('');
    expect(readableHost('xn--pple-43d.example', [odd('encodedLink', 'аpple.example', 'xn--pple-43d.example') as Oddity])).toBe('аpple.example');
  });
  it('lays the addresses of every kind before the reader', () => {
    expect(exhibits(odd('replyElsewhere', 'a@x.example', 'b@y.example') as Oddity).map(({ text }) => text)).toEqual(['a@x.example', 'b@y.example']);
    expect(exhibits(odd('firstTime', 'a@x.example') as Oddity)).toEqual([]);
  });
});

describe('"This is fine"', () => {
  beforeEach(() => preferences.set({ fineWarnings: [] }));
  it('is remembered for a sender, and can be taken back', () => {
    const reply = odd('replyElsewhere', 'a@x.example', 'b@y.example') as Oddity;
    const back = settle([reply], 'A@x.example', 'm1');
    expect(unsettled([reply], 'a@x.example', 'm2')).toEqual([]);
    expect(unsettled([{ ...reply, really: 'c@z.example' }], 'a@x.example', 'm2')).toHaveLength(1);
    expect(unsettled([reply], 'other@x.example', 'm2')).toHaveLength(1);
    back();
    expect(unsettled([reply], 'a@x.example', 'm2')).toEqual([reply]);
  });
  it('says nothing of the next message that is forged in the same name', () => {
    const forged = odd('failed', 'x.example') as Oddity;
    settle([forged], 'a@x.example', 'm1');
    expect(unsettled([forged], 'a@x.example', 'm1')).toEqual([]);
    expect(unsettled([forged], 'a@x.example', 'm2')).toEqual([forged]);
  });
  it('is kept within what the server takes', () => {
    for (let n = 0; n < 80; n++) settle([odd('replyElsewhere', `${n}@${'x'.repeat(200)}.example`, 'b@y.example') as Oddity], `${n}@x.example`, 'm');
    const kept = preferences.value.fineWarnings;
    expect([kept.length, Math.max(...kept.map((key) => key.length))]).toEqual([60, 160]);
  });
});

describe('a link of a suspicious message', () => {
  const press = (html: string, init?: MouseEventInit) => {
    document.body.innerHTML = html;
    const asked: string[][] = [];
    const event = new MouseEvent(init?.button ? 'auxclick' : 'click', { bubbles: true, cancelable: true, ...init });
    document.body.addEventListener(event.type, (one) => askFirst(one as MouseEvent, (...given) => asked.push(given)), { once: true });
    document.body.querySelector('b')!.dispatchEvent(event);
    return [asked, event.defaultPrevented];
  };
  it('asks before it leads to the web, with either button', () => {
    const link = '<a href="https://evil.example/x"> <b>bank.example</b></a>';
    expect(press(link)).toEqual([[['https://evil.example/x', 'bank.example']], true]);
    expect(press(link, { button: 1 })).toEqual([[['https://evil.example/x', 'bank.example']], true]);
  });
  it('leaves other presses alone', () => {
    expect(press('<b>no link</b>')).toEqual([[], false]);
    expect(press('<a href="mailto:a@b.example"><b>a</b></a>')).toEqual([[], false]);
  });
});

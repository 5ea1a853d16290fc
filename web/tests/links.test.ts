import { describe, expect, it } from 'vitest';
import { linkOf } from '../src/chat/links';

const HOUSE = 'https://parvis.example.org';
const of = (body: string, msgtype = 'm.text') => linkOf({ msgtype, body }, HOUSE);

describe('the page that a message is about', () => {
  it('is the first by https', () => {
    expect(of('voir (https://example.net/a?b=c#d), puis https://example.org.')).toBe('https://example.net/a?b=c#d');
    expect(of('**https://example.net/gras**')).toBe('https://example.net/gras');
    expect(of('http://plain.example/ xhttps://no.example')).toBe('');
  });
  it('is none in code, of this house, of Matrix, or in what is no text', () => {
    expect(of('`https://a.example` ```\nhttps://b.example\n``` https://c.example')).toBe('https://c.example');
    expect(of(`${HOUSE}/chat/x ${HOUSE} https://matrix.to/#/@a:b`)).toBe('');
    expect(of(`${HOUSE}.evil.example/`)).toBe(`${HOUSE}.evil.example/`);
    expect(of('https://a.example/p.png', 'm.image')).toBe('');
  });
});

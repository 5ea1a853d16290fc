// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { doubtOf, resultsBy } from '../src/mail/read/sender';
import { mailtoRequest } from '../src/mail/read/mailto';

const us = 'mail.example.org';
const field = (rest: string) => `${us}; ${rest}`;

describe('what our server found out about a sender', () => {
  it('says nothing when all is right, or when it did not look', () => {
    expect(doubtOf([field('spf=pass smtp.mailfrom=a@bank.example; dmarc=pass header.from=bank.example')], us)).toBeNull();
    expect(doubtOf([], us)).toBeNull();
    expect(doubtOf([`${us}; none`], us)).toBeNull();
    expect(doubtOf([field('dmarc=fail header.from=bank.example')], '')).toBeNull();
  });
  it('believes nobody else', () => {
    expect(doubtOf(['mx.other.example; dmarc=fail header.from=bank.example'], us)).toBeNull();
    const forged = 'evil.example; dmarc=pass header.from=bank.example';
    expect(doubtOf([forged, field('dmarc=fail header.from=bank.example')], us)).toEqual({ kind: 'failed', domain: 'bank.example' });
    expect(doubtOf([`(${us}) evil.example; dmarc=fail header.from=x.example`], us)).toBeNull();
  });
  it('tells what failed from what nobody vouches for', () => {
    expect(doubtOf([field('dmarc=fail reason="no; proof = found" header.from="bank.example" policy.dmarc=none')], us)).toEqual({ kind: 'failed', domain: 'bank.example' });
    expect(doubtOf([field('spf=none; dkim=none; dmarc=none header.from=shop.example')], us)).toEqual({ kind: 'unproved', domain: 'shop.example' });
    expect(doubtOf([field('dmarc=temperror header.from=shop.example')], us)?.kind).toBe('unproved');
    expect(doubtOf([field('dmarc=permerror reason="nobody is in From"')], us)).toEqual({ kind: 'unproved', domain: '' });
    expect(doubtOf([field('arc=pass header.d=list.example; dmarc=fail header.from=bank.example')], us)?.kind).toBe('passedOn');
    expect(doubtOf([field('dmarc=pass header.from=a.example; dmarc=fail header.from=b.example')], us)).toEqual({ kind: 'failed', domain: 'b.example' });
  });
  it('is content with a signature of a domain that publishes no policy', () => {
    expect(doubtOf([field('dkim=pass header.d=shop.example; dmarc=none header.from=news.shop.example')], us)).toBeNull();
    expect(doubtOf([field('spf=pass smtp.mailfrom=b@shop.example; dmarc=none header.from=shop.example')], us)).toBeNull();
    expect(doubtOf([field('dkim=pass header.d=example; dmarc=none header.from=shop.example')], us)?.kind).toBe('unproved');
    expect(doubtOf([field('dkim=pass header.d=othershop.example; dmarc=none header.from=shop.example')], us)?.kind).toBe('unproved');
    expect(doubtOf([field('dkim=fail header.d=shop.example; dmarc=none header.from=shop.example')], us)?.kind).toBe('unproved');
  });
  it('reads comments, quotes, versions and folded lines', () => {
    expect(resultsBy(`${us} 1 (a (nested) ; comment);\r\n\tdkim/1 = pass (2048 bit) header.d = "a\\"b.example"`, us)).toEqual([
      { method: 'dkim', value: 'pass', properties: { 'header.d': 'a"b.example' } },
    ]);
    for (const odd of ['', ';', '(((', '"', `${us};==;=`, `${us}; dkim`]) expect(() => resultsBy(odd, us)).not.toThrow();
  });
});

describe('mailto addresses', () => {
  it('give recipients, subject and text', () => {
    expect(mailtoRequest('mailto:off@list.example?subject=Unsubscribe%20me&body=a%0Ab&bcc=spy@x.example')).toEqual({ to: [{ email: 'off@list.example' }], subject: 'Unsubscribe me', text: 'a\nb' });
    expect(mailtoRequest('MAILTO:a@x.example,b%40x.example?cc=c@x.example&to=d@x.example')).toEqual({
      to: [{ email: 'a@x.example' }, { email: 'b@x.example' }, { email: 'd@x.example' }], cc: [{ email: 'c@x.example' }],
    });
    expect(mailtoRequest('mailto:?subject=%E0%A4%A').subject).toBe('%E0%A4%A');
  });
});

import { describe, expect, it } from 'vitest';
import { identityFor, mentionsAttachment, signatureHtml } from '../src/mail/compose/quote';
import type { Identity } from '../src/mail/types';

const identity = (email: string, more: Partial<Identity> = {}) => ({ id: email, name: '', email, replyTo: null, bcc: null, textSignature: '', htmlSignature: '', mayDelete: true, ...more });

describe('a forgotten attachment', () => {
  it('is noticed in French, Vietnamese and English', () => {
    for (const text of [
      'Vous trouverez le rapport en pièce jointe.', 'Le contrat est ci-joint', 'ci-jointes, les photos', 'Je joins le devis.', 'Voir le fichier joint', 'EN PIÈCE JOINTE',
      'Tôi gửi đính kèm hợp đồng.', 'Đính kèm là báo cáo', 'Xem tệp kèm', 'Em gửi kèm theo lịch họp', 'Toi gui dinh kem hop dong',
      'Please find attached the report.', 'see the attachment', 'Attachments: two', 'The enclosed form', 'I am attaching it',
    ]) expect(mentionsAttachment(text), text).toBe(true);
    expect(mentionsAttachment('Tôi gửi đính kèm'.normalize('NFD'))).toBe(true);
  });
  it('is not imagined', () => {
    for (const text of ['Merci pour votre aide.', 'Je rejoins la réunion à dix heures.', 'Un attachement sincère', 'L’attaché de presse', 'Kèo này thơm', 'Cảm ơn anh', 'a detached house', 'unattached', ''])
      expect(mentionsAttachment(text), text).toBe(false);
  });
});

describe('who writes', () => {
  it('is whom the answered message was sent to, else the first', () => {
    const all = [identity('ann@x.example'), identity('info@x.example')];
    expect(identityFor(all, [{ email: 'Bob@y.example' }, { email: 'INFO@x.example' }])?.email).toBe('info@x.example');
    expect(identityFor(all, [])?.email).toBe('ann@x.example');
    expect(identityFor([], [])).toBeUndefined();
  });
  it('signs below a line, and never with anything active', () => {
    expect(signatureHtml(identity('a@x.example', { textSignature: 'Ann\nSales <x>' }))).toBe('<p>--</p><p>Ann<br>Sales &lt;x&gt;</p>');
    expect(signatureHtml(identity('a@x.example', { htmlSignature: '<p onclick="x()">Ann<img src="http://t.example/p"></p>' }))).toBe('<p>--</p><p>Ann</p>');
    expect(signatureHtml(undefined)).toBe('');
  });
});

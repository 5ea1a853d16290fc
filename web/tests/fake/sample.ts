/** People and messages in three languages for the fake server. */
import { FakeJmap } from './jmap';

const ME = { name: 'Claire Le Goff', email: 'claire.legoff@rennes.example' };
const PEOPLE = [
  { name: 'Nguyễn Thị Lan', email: 'lan.nguyen@hue.example' },
  { name: 'Karim Haddad', email: 'karim.haddad@rennes.example' },
  { name: 'Trần Văn Minh', email: 'minh.tran@hue.example' },
  { name: 'Sophie Laurent', email: 'sophie.laurent@rennes.example' },
  { name: 'Jean-Marc Petit', email: 'jm.petit@rennes.example' },
  { name: 'Archives départementales', email: 'archives@35.example' },
  { name: 'Phạm Hà', email: 'ha.pham@hue.example' },
  { name: 'Emily Carter', email: 'emily.carter@bristol.example' },
];
const SUBJECTS: [string, string][] = [
  ['Délégation de Huế du 7 au 10 décembre : programme à valider', 'Le comité populaire de Huế confirme une délégation de six personnes. Vous trouverez le programme ci-joint.'],
  ['Budget 2027, version du comité', 'Voici le tableau mis à jour après l’arbitrage de vendredi, merci de me dire avant mardi si tout est juste.'],
  ['Lịch họp tuần sau và danh sách khách mời', 'Em gửi chị lịch họp dự kiến, mong chị xem giúp em trước thứ Năm.'],
  ['Marché traiteur : trois devis reçus', 'Le moins-disant propose aussi un menu végétarien pour le dîner officiel.'],
  ['Convention de jumelage à signer', 'Le document est prêt dans le parapheur, il ne manque que votre visa.'],
  ['Prêt des cartes de 1887', 'Nous pouvons mettre à disposition quatre planches originales pour l’exposition.'],
  ['Ảnh chuyến thăm tháng 10', 'Chị xem thư mục chung, em đã tải lên 42 ảnh của chuyến thăm.'],
  ['Twin-city summit: hotel block and train times', 'I have held twelve rooms until Friday; could you confirm the names by Wednesday noon?'],
];
const HTML = `<style>.sign{color:#555}</style><p>Bonjour Claire,</p><p>Le comité populaire de Huế confirme une délégation de six personnes. Vous trouverez le programme ci-joint. Pouvez-vous le valider <b>avant jeudi midi</b> ? Il manque seulement l’heure de la visite des Champs Libres.</p><p><img src="https://tracker.example/pixel.gif" width="1" height="1"><a href="https://hue.example/programme">Le programme en ligne</a></p><script>alert(1)</script><p class="sign">Trân trọng,<br>Nguyễn Thị Lan, Sở Ngoại vụ thành phố Huế</p><blockquote type="cite"><p>Le 3 décembre, Claire Le Goff a écrit :</p><p>Chère Lan, pourriez-vous nous envoyer le programme définitif ?</p></blockquote>`;

export function sample(count = 2_000, now = new Date()): FakeJmap {
  const fake = new FakeJmap();
  const rights = { mayReadItems: true, mayAddItems: true, mayRemoveItems: true, maySetSeen: true, maySetKeywords: true, mayCreateChild: true, mayRename: true, mayDelete: true, maySubmit: true };
  const boxes: [string, string, string | null, string | null][] = [
    ['mb-in', 'Inbox', 'inbox', null], ['mb-dr', 'Drafts', 'drafts', null], ['mb-se', 'Sent', 'sent', null], ['mb-ar', 'Archive', 'archive', null],
    ['mb-ju', 'Junk', 'junk', null], ['mb-tr', 'Trash', 'trash', null], ['mb-ju1', 'Jumelages', null, null], ['mb-ju2', 'Huế', null, 'mb-ju1'], ['mb-fa', 'Factures', null, null],
  ];
  boxes.forEach(([id, name, role, parentId], index) =>
    fake.table('Mailbox').put({ id, name, role, parentId, sortOrder: index, isSubscribed: true, totalEmails: 0, unreadEmails: 0, totalThreads: 0, unreadThreads: 0, myRights: role ? { ...rights, mayRename: false, mayDelete: false } : rights }),
  );
  fake.table('Identity').put({ id: 'i1', name: ME.name, email: ME.email, replyTo: null, bcc: null, textSignature: '', htmlSignature: '', mayDelete: false });
  fake.table('Preferences').put({ id: 'singleton', language: null, theme: null, density: null, singleKeys: true, undoSeconds: 10, remoteImages: 'ask', keymap: {} });
  for (let n = 0; n < count; n++) thread(fake, n, now);
  fake.recount();
  return fake;
}

function thread(fake: FakeJmap, n: number, now: Date): void {
  const size = n % 7 === 0 ? 3 : n % 5 === 0 ? 2 : 1;
  const [subject, preview] = SUBJECTS[n % SUBJECTS.length]!;
  const ids: string[] = [];
  for (let part = 0; part < size; part++) {
    const id = `m${n}p${part}`;
    ids.push(id);
    const mine = part === 1;
    const from = mine ? ME : PEOPLE[(n + part) % PEOPLE.length]!;
    const at = new Date(now.getTime() - n * (n < 12 ? 4 : 9) * 3_600_000 - (size - part) * 1_200_000);
    fake.table('Email').put(email(id, `t${n}`, n, part, { subject, preview, from, mine, at: at.toISOString(), latest: part === size - 1 }));
  }
  fake.table('Thread').put({ id: `t${n}`, emailIds: ids });
}

function email(id: string, threadId: string, n: number, part: number, of: { subject: string; preview: string; from: { name: string; email: string }; mine: boolean; at: string; latest: boolean }) {
  const file = n % 4 === 0;
  const keywords: Record<string, true> = {};
  if (!(of.latest && [1, 2, 5, 9, 14].includes(n))) keywords.$seen = true;
  if (n === 2 || n === 11) keywords.$flagged = true;
  if (n % 6 === 0) keywords['label:delegation'] = true;
  const text = `Bonjour,\n\n${of.preview}\n\nBien cordialement,\n${of.from.name}\n\n> Le 3 décembre, Claire a écrit :\n> Pouvez-vous confirmer ?\n`;
  return {
    id, blobId: `b${id}`, threadId, keywords, mailboxIds: { [of.mine ? 'mb-se' : 'mb-in']: true } as Record<string, true>, size: 4_000 + n, receivedAt: of.at, sentAt: of.at,
    from: [of.from], to: [of.mine ? PEOPLE[0] : ME], cc: n % 3 ? [] : [PEOPLE[4]], bcc: [], replyTo: null, sender: null, messageId: [`${id}@example`], inReplyTo: null, references: null,
    subject: part ? `Re: ${of.subject}` : of.subject, preview: of.preview, hasAttachment: file,
    textBody: [{ partId: '1', type: 'text/plain' }],
    htmlBody: n % 2 ? [{ partId: '1', type: 'text/plain' }] : [{ partId: '2', type: 'text/html' }],
    attachments: file ? [{ partId: '3', blobId: 'pdf', name: 'Programme-Hue-Rennes.pdf', type: 'application/pdf', size: 240_000, disposition: 'attachment', cid: null }, { partId: '4', blobId: 'img', name: 'place-royale.svg', type: 'image/svg+xml', size: 48_000, disposition: 'attachment', cid: null }] : [],
    bodyValues: { 1: { value: text, isTruncated: false, isEncodingProblem: false }, 2: { value: HTML, isTruncated: false, isEncodingProblem: false } },
    headers: [{ name: 'From', value: ` ${of.from.name} <${of.from.email}>` }, { name: 'Subject', value: ` ${of.subject}` }],
  };
}

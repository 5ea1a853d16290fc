import type { ServerResponse } from 'node:http';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Connect, type Plugin } from 'vite';
import { sample } from './tests/fake/sample';
const LANG = process.env.FAKE_LANG ?? 'fr';
const principal = { id: 'A', name: 'Claire Le Goff', address: 'claire.legoff@rennes.example', language: LANG };
function fakeServer(): Plugin {
  const fake = sample(60);
  const CAPS = ['urn:ietf:params:jmap:calendars', 'urn:ietf:params:jmap:principals', 'urn:ietf:params:jmap:principals:availability'];
  const base = fake.session.bind(fake);
  (fake as any).session = () => {
    const s: any = base();
    for (const c of CAPS) { s.capabilities[c] = {}; s.accounts.A.accountCapabilities[c] = {}; s.primaryAccounts[c] = 'A'; }
    s.accounts.B = { name: 'jm.petit@rennes.example', isPersonal: false, isReadOnly: false, accountCapabilities: { [CAPS[0]!]: {} } };
    return s;
  };
  const all = { mayReadFreeBusy: true, mayReadItems: true, mayWriteAll: true, mayWriteOwn: true, mayUpdatePrivate: true, mayRSVP: true, mayAdmin: true, mayDelete: true };
  const cal = (id: string, name: string, color: string, more = {}) => ({ id, name, color, description: null, sortOrder: 0, isSubscribed: true, isVisible: true, isDefault: id === 'c1', includeInAvailability: 'all', defaultAlertsWithTime: { a1: { '@type': 'Alert', trigger: { '@type': 'OffsetTrigger', offset: '-PT15M' }, action: 'display' } }, defaultAlertsWithoutTime: null, timeZone: null, shareWith: null, myRights: all, ...more });
  for (const c of [cal('c1', 'Claire Le Goff', '#00746c'), cal('c2', 'Délégation de Huế', '#b3452a'), cal('c3', 'Budget', '#96580c'), cal('c4', 'Personnel', '#4263c4')]) fake.table('Calendar').put(c as any);
  fake.table('ParticipantIdentity').put({ id: 'i', name: 'Claire Le Goff', sendTo: { imip: 'mailto:claire.legoff@rennes.example' }, isDefault: true } as any);
  const now = new Date(); const monday = Date.UTC(now.getFullYear(), now.getMonth(), now.getDate()) - ((now.getDay() + 6) % 7) * 864e5 + (now.getDay() === 0 || process.env.FAKE_NEXT ? 7 * 864e5 : 0);
  const at = (d: number, h: string) => new Date(monday + d * 864e5).toISOString().slice(0, 11) + h + ':00';
  let n = 0;
  const ev = (c: string, title: string, d: number, h: string, duration: string, more: any = {}) => fake.table('CalendarEvent').put({ id: `e${++n}`, '@type': 'Event', uid: `u${n}`, calendarIds: { [c]: true }, title, start: at(d, h), timeZone: 'Europe/Paris', duration, useDefaultAlerts: true, ...more } as any);
  const vn = LANG === 'vi';
  const place = (name: string) => ({ locations: { l: { '@type': 'Location', name } } });
  ev('c2', vn ? 'Đoàn thành phố Huế thăm Rennes' : 'Délégation de Huế à Rennes', 0, '00:00', 'P4D', { showWithoutTime: true, timeZone: null });
  ev('c4', vn ? 'Nghỉ phép' : 'Congés', 4, '00:00', 'P4D', { showWithoutTime: true, timeZone: null });
  ev('c1', vn ? 'Giao ban tuần' : 'Réunion de service', 0, '09:00', 'PT1H', { recurrenceRules: [{ frequency: 'weekly' }], ...place(vn ? 'phòng 204' : 'salle 204') });
  ev('c4', vn ? 'Họp ngân sách' : 'Point budget', 1, '08:30', 'PT45M');
  ev('c2', vn ? 'Thăm Đại học Rennes 2' : 'Visite de l’université Rennes 2', 2, '09:00', 'PT3H', { ...place(vn ? 'xe đón tại khách sạn' : 'Campus Villejean'), description: 'Programme : https://www.univ-rennes2.fr\n\n- accueil\n- visite de la bibliothèque\n- déjeuner', participants: { a: { name: 'Claire Le Goff', email: 'claire.legoff@rennes.example', sendTo: { imip: 'mailto:claire.legoff@rennes.example' }, roles: { owner: true, attendee: true }, participationStatus: 'accepted' }, b: { name: 'Nguyễn Thị Lan', sendTo: { imip: 'mailto:lan@hue.example' }, roles: { attendee: true }, participationStatus: 'accepted' }, c: { name: 'Jean-Marc Petit', sendTo: { imip: 'mailto:jm@rennes.example' }, roles: { attendee: true }, participationStatus: 'tentative' }, d: { name: 'Sophie Laurent', sendTo: { imip: 'mailto:s@rennes.example' }, roles: { attendee: true, optional: true }, participationStatus: 'needs-action' } } });
  ev('c2', vn ? 'Ký thỏa thuận kết nghĩa' : 'Signature du jumelage', 3, '08:45', 'PT1H15M', place(vn ? 'Tòa thị chính' : 'Hôtel de Ville'));
  ev('c1', vn ? 'Tổng kết chuyến thăm' : 'Bilan de la visite', 4, '09:30', 'PT1H', { virtualLocations: { v: { uri: 'https://meet.example/x' } } });
  ev('c1', vn ? 'Trả lời báo chí' : 'Réponse à la presse', 3, '11:00', 'PT30M');
  ev('c2', vn ? 'Ăn trưa với đoàn' : 'Déjeuner avec la délégation', 3, '12:00', 'PT1H30M', place('Café Breton'));
  ev('c1', vn ? 'Gặp Karim' : 'Point avec Karim', 2, '13:30', 'PT1H', { virtualLocations: { v: { uri: 'https://meet.example/k' } } });
  ev('c2', vn ? 'Hội thảo di sản đô thị' : 'Atelier patrimoine urbain', 1, '14:00', 'PT2H', { participants: { o: { name: 'Nguyễn Thị Lan', sendTo: { imip: 'mailto:lan@hue.example' }, roles: { owner: true, attendee: true }, participationStatus: 'accepted' }, me: { name: 'Claire', sendTo: { imip: 'mailto:claire.legoff@rennes.example' }, roles: { attendee: true }, participationStatus: 'needs-action' } } });
  ev('c3', vn ? 'Ngân sách 2027' : 'Budget 2027, arbitrages', 4, '14:00', 'PT1H', place('salle 112'));
  ev('c3', vn ? 'Duyệt hồ sơ vay' : 'Dossier d’emprunt', 2, '15:00', 'PT1H30M');
  ev('c4', vn ? 'Nhân sự' : 'Entretien', 3, '15:30', 'PT1H');
  ev('c1', vn ? 'Đào tạo AI' : 'Formation IA', 3, '15:45', 'PT1H15M', { status: 'tentative' });
  ev('c2', vn ? 'Tiếp kiến tại Phòng Hội đồng' : 'Réception au Conseil', 0, '16:30', 'PT1H15M');
  ev('c4', 'Yoga', 1, '18:15', 'PT1H', { recurrenceRules: [{ frequency: 'weekly', byDay: [{ day: 'tu' }, { day: 'th' }] }] });
  ev('c1', vn ? 'Gọi Huế' : 'Appel avec Huế', 4, '08:00', 'PT30M', { timeZone: 'Asia/Ho_Chi_Minh', start: at(4, '14:00') });
  const streams = new Set<ServerResponse>();
  fake.onChange = (type, state) => { for (const stream of streams) stream.write(`event: state\ndata: ${JSON.stringify({ '@type': 'StateChange', changed: { A: { [type]: state } } })}\n\n`); };
  const handle = fake.handle.bind(fake);
  (fake as any).handle = (calls: any[]) => handle(calls.map(([name, args, id]: any) => [name, name === 'CalendarEvent/query' ? { ...args, filter: null } : args, id])).map((r: any, i: number) => {
    const [name, args] = calls[i]!;
    if (args.accountId === 'B' && name === 'Calendar/get') return [name, { accountId: 'B', state: '1', list: [cal('cb', 'Jean-Marc Petit', '#7b52b8', { myRights: { ...all, mayWriteAll: false, mayWriteOwn: false, mayAdmin: false, mayDelete: false } })], notFound: [] }, calls[i]![2]];
    if (args.accountId === 'B' && /query|get|changes/.test(name)) return [name, { accountId: 'B', state: '1', newState: '1', list: [], ids: [], notFound: [], created: [], updated: [], destroyed: [], total: 0 }, calls[i]![2]];
    return r;
  });
  let inside = true;
  const serve = ({ middlewares }: { middlewares: Connect.Server }) => {
    middlewares.use(async (request, response, next) => {
      const url = request.url ?? '';
      const json = (body: unknown, status = 200) => { response.writeHead(status, { 'Content-Type': 'application/json' }); response.end(JSON.stringify(body)); };
      let body = '';
      if (url.startsWith('/auth') || url.startsWith('/jmap')) for await (const chunk of request) body += String(chunk);
      if (url === '/auth/session') return inside ? json({ principal }) : json({}, 401);
      if (url.startsWith('/jmap/session') || url.startsWith('/.well-known/jmap')) return json(fake.session());
      if (url.startsWith('/jmap/api')) { const { methodCalls } = JSON.parse(body); return json({ methodResponses: (fake as any).handle(methodCalls), sessionState: 'x' }); }
      if (url.startsWith('/jmap/events')) { response.writeHead(200, { 'Content-Type': 'text/event-stream' }); response.write(': hi\n\n'); streams.add(response); response.on('close', () => streams.delete(response)); return; }
      next();
    });
  };
  return { name: 'fake', configureServer: serve, configurePreviewServer: serve };
}
export default defineConfig({ plugins: [svelte(), fakeServer()], cacheDir: '/tmp/w/s8/wc/vite-cache', server: { host: '127.0.0.1', port: 5199, strictPort: true, hmr: false }, build: { outDir: '/tmp/w/s8/wc/dist' } });

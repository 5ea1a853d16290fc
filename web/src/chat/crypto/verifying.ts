/**
 * Two devices make sure that nobody stands between them: one scans the code that the other shows, or both show the same seven signs
 * (Matrix v1.19 Client-Server §Key verification framework, §QR codes, §Short Authentication String). Lives in the worker with the keys.
 */
import { DeviceId, EventId, type OlmMachine, OtherUserIdentity, OwnUserIdentity, Qr, QrCodeScan, QrState, RoomId, Sas, UserId, VerificationMethod, type VerificationRequest, VerificationRequestPhase } from '@matrix-org/matrix-sdk-crypto-wasm';
import { MatrixError } from '../matrix';
import type { Content } from '../types';
import type { Request } from './requests';
import type { Verification } from './types';

/** What this device can do, with a camera or without. */
const methods = (camera: boolean) => [VerificationMethod.SasV1, VerificationMethod.QrCodeShowV1, VerificationMethod.ReciprocateV1, ...(camera ? [VerificationMethod.QrCodeScanV1] : [])];
/** More than that are not asked at a time. */
const MOST = 20;
/** Bytes of a code before the name of the verification: the word, version, mode, length. */
const BEGINNING = 10;
const REQUEST = 'm.key.verification.request';
/** Milliseconds in which the other side may begin: programs that do so by themselves (Cinny) take no beginning beside their own. */
const THEIRS_FIRST = 2_000;

/** What is known of one beside what the library says. */
interface Ways {
  code?: Uint8Array;
  scans: boolean;
  /** The code that was scanned names other keys. */
  differs?: boolean;
  /** It ended well, and what follows from that is done. */
  kept?: boolean;
}

export class Verifying {
  private readonly flows = new Map<string, VerificationRequest>();
  private readonly ways = new Map<string, Ways>();
  private readonly ended = new WeakSet<object>();

  constructor(
    private readonly olm: OlmMachine,
    private readonly tell: (one: Verification) => void,
    /** Sends what has to be said, wherever it goes. */
    private readonly send: (request: Request) => Promise<void>,
    /** What is to be done when one has ended well, before that is shown. */
    private readonly onDone: (user: string, own: boolean) => Promise<void>,
  ) {}

  /** What came to this device or in a room: new requests are told of. */
  heard(sender: string, flow: string): void {
    const request = this.flows.get(flow) ?? this.olm.getVerificationRequest(new UserId(sender), flow);
    if (!request || (this.flows.size > MOST && !this.flows.has(flow))) return;
    this.watch(flow, request);
    this.show(flow);
  }

  /** Asks all other devices of one's own, or one of them. */
  async askOwn(me: string, camera: boolean, device?: string): Promise<string> {
    if (device) {
      const found = await this.olm.getDevice(new UserId(me), new DeviceId(device));
      if (!found) throw new MatrixError('M_NOT_FOUND', 404, 'no such device');
      const [request, message] = found.requestVerification(methods(camera));
      return this.asked(request, message as unknown as Request);
    }
    const own = await this.olm.getIdentity(new UserId(me));
    if (!(own instanceof OwnUserIdentity)) throw new MatrixError('M_NOT_FOUND', 404, 'no identity');
    const [request, message] = await own.requestVerification(methods(camera));
    return this.asked(request, message as unknown as Request);
  }

  /** Asks somebody in a room that is shared with them; `say` sends the request there and gives its event id. */
  async askPerson(user: string, room: string, camera: boolean, say: (content: Content) => Promise<string>): Promise<string> {
    const person = await this.olm.getIdentity(new UserId(user));
    if (!(person instanceof OtherUserIdentity)) throw new MatrixError('M_NOT_FOUND', 404, 'this person has no identity yet');
    const event = await say({ ...(JSON.parse(person.verificationRequestContent(methods(camera))) as Content), msgtype: REQUEST });
    return this.asked(person.requestVerification(new RoomId(room), new EventId(event), methods(camera)));
  }

  private async asked(request: VerificationRequest, message?: Request): Promise<string> {
    if (message) await this.send(message);
    const flow = request.flowId;
    this.watch(flow, request);
    this.show(flow);
    return flow;
  }

  private watch(flow: string, request: VerificationRequest): void {
    if (this.flows.has(flow)) return;
    this.flows.set(flow, request);
    request.registerChangesCallback(async () => this.changed(flow));
  }

  /** Sees what has become of one. */
  changed(flow: string): void {
    const request = this.flows.get(flow);
    if (!request) return;
    const now = request.getVerification();
    // Their beginning is accepted, whoever asked; where both begin at once, it may count in place of ours (§Error and exception handling).
    const accepted = now instanceof Sas ? now.accept() : undefined; // nothing for ours, nor a second time
    if (accepted) {
      now!.registerChangesCallback(async () => this.changed(flow));
      void this.out(accepted);
    }
    if (request.phase() === VerificationRequestPhase.Ready && !this.ways.has(flow)) return void this.offer(flow, request);
    this.show(flow);
    if ((request.isDone() || now?.isDone()) && !this.ended.has(request)) {
      this.ended.add(request);
      void this.done(flow, request);
    }
  }

  /** One is sure once the server has our signature and tells of it: who is another before that would not be held to be changed. */
  private async done(flow: string, request: VerificationRequest): Promise<void> {
    await this.onDone(request.otherUserId.toString(), request.isSelfVerification()).catch(() => undefined); // sent again with the next answer
    this.ways.set(flow, { scans: false, ...this.ways.get(flow), kept: true });
    this.show(flow);
  }

  /** Both are ready: our code is made if the other side can scan it. Where neither can, who asked begins with the signs, unless the other
   *  side has. */
  private async offer(flow: string, request: VerificationRequest): Promise<void> {
    this.ways.set(flow, { scans: false });
    const theirs = request.theirSupportedMethods ?? [];
    const scans = theirs.includes(VerificationMethod.QrCodeShowV1) && !!request.ourSupportedMethods?.includes(VerificationMethod.QrCodeScanV1);
    const code = theirs.includes(VerificationMethod.QrCodeScanV1) ? await request.generateQrCode().catch(() => undefined) : undefined;
    code?.registerChangesCallback(async () => this.changed(flow));
    this.ways.set(flow, { scans, ...(code ? { code: Uint8Array.from(code.toBytes()) } : {}) });
    this.show(flow);
    if (code || scans || !request.weStarted()) return;
    await new Promise((resolve) => setTimeout(resolve, THEIRS_FIRST));
    if (request.phase() === VerificationRequestPhase.Ready) await this.begin(flow);
  }

  /** Says yes to a request; `camera`: there is one here. */
  async accept(flow: string, camera: boolean): Promise<void> {
    await this.out(this.flows.get(flow)?.acceptWithMethods(methods(camera)));
    this.changed(flow);
  }

  /** Begins to compare signs. */
  async begin(flow: string): Promise<void> {
    const started = await this.flows.get(flow)?.startSas();
    started?.[0].registerChangesCallback(async () => this.changed(flow));
    await this.out(started?.[1]);
    this.changed(flow);
  }

  /** Takes what a camera has read; false when it is not the code of this verification. One that names other keys ends it. */
  async scan(flow: string, bytes: Uint8Array): Promise<boolean> {
    const request = this.flows.get(flow);
    if (!request || flowOf(bytes) !== flow) return false;
    if (request.getVerification() instanceof Sas) return true; // signs have begun meanwhile
    let code: Qr | undefined;
    try {
      code = await request.scanQrCode(QrCodeScan.fromBytes(new Uint8ClampedArray(bytes)));
    } catch {
      this.ways.set(flow, { scans: false, differs: true });
      await this.cancel(flow, true);
    }
    code?.registerChangesCallback(async () => this.changed(flow));
    await this.out(code?.reciprocate());
    this.changed(flow);
    return true;
  }

  /** The signs are the same on both sides, or the other side says that our code is right. */
  async confirm(flow: string): Promise<void> {
    const now = this.flows.get(flow)?.getVerification();
    if (now instanceof Sas) for (const request of await now.confirm()) await this.out(request);
    else if (now) await this.out(now.confirmScanning());
    this.changed(flow);
  }

  /** Ends one; `differs` when the signs were not the same, or the code not right. */
  async cancel(flow: string, differs = false): Promise<void> {
    const request = this.flows.get(flow);
    const now = request?.getVerification();
    await this.out(now && differs ? now.cancelWithCode(now instanceof Sas ? 'm.mismatched_sas' : 'm.key_mismatch') : request?.cancel());
    this.changed(flow);
  }

  private async out(request: unknown): Promise<void> {
    if (request) await this.send(request as Request);
  }

  private show(flow: string): void {
    const request = this.flows.get(flow);
    if (!request) return;
    this.tell(stateOf(flow, request, this.ways.get(flow)));
    if (request.isDone() || request.isCancelled()) setTimeout(() => this.flows.delete(flow) && this.ways.delete(flow), 60_000);
  }
}

const WAYS = { [QrState.Scanned]: 'scanned', [QrState.Confirmed]: 'confirmed', [QrState.Reciprocated]: 'reciprocated' } as const;

function phaseOf(request: VerificationRequest, now?: Sas | Qr, kept = false): Verification['phase'] {
  if (request.isCancelled() || now?.isCancelled()) return 'ended';
  if (request.isDone() || now?.isDone()) return kept ? 'done' : 'confirmed';
  if (now instanceof Sas) return now.haveWeConfirmed() ? 'confirmed' : now.emoji() ? 'compare' : 'begun';
  if (now) return WAYS[now.state() as keyof typeof WAYS] ?? 'ready';
  const asked = request.phase() === VerificationRequestPhase.Requested || request.phase() === VerificationRequestPhase.Created;
  return !asked ? 'ready' : request.weStarted() ? 'waiting' : 'asked';
}

function stateOf(flow: string, request: VerificationRequest, { differs, kept, ...ways }: Ways = { scans: false }): Verification {
  const now = request.getVerification();
  const sas = now instanceof Sas ? now : null;
  const emoji = sas?.emoji()?.map(({ symbol }, at) => [sas.emojiIndex()![at]!, symbol] as [number, string]);
  const info = now?.cancelInfo() ?? request.cancelInfo;
  return {
    flow, phase: phaseOf(request, now, kept), user: request.otherUserId.toString(), own: request.isSelfVerification(), mine: request.weStarted(), passive: request.isPassive(),
    device: request.otherDeviceId?.toString() ?? '', ...ways, ...(emoji ? { emoji } : {}), ...(info ? { reason: differs ? 'm.key_mismatch' : info.cancelCode(), byUs: info.cancelledbyUs() } : {}),
  };
}

/** The verification that a code is for; empty when it is no such code (§QR code format). */
export function flowOf(bytes: Uint8Array): string {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, BEGINNING));
  if (!text.startsWith('MATRIX\x02') || bytes.length < BEGINNING) return '';
  const length = bytes[8]! * 256 + bytes[9]!;
  return new TextDecoder().decode(bytes.subarray(BEGINNING, BEGINNING + length));
}

/**
 * Two devices make sure that nobody stands between them: both show the same seven signs (Matrix v1.19 Client-Server §Key
 * verification framework, §Short Authentication String). Lives in the worker with the keys.
 */
import { DeviceId, EventId, type OlmMachine, OtherUserIdentity, OwnUserIdentity, RoomId, Sas, UserId, VerificationMethod, type VerificationRequest, VerificationRequestPhase } from '@matrix-org/matrix-sdk-crypto-wasm';
import { MatrixError } from '../matrix';
import type { Content } from '../types';
import type { Request } from './requests';
import type { Verification } from './types';

const METHODS = [VerificationMethod.SasV1];
/** More than that are not asked at a time. */
const MOST = 20;
const REQUEST = 'm.key.verification.request';

export class Verifying {
  private readonly flows = new Map<string, VerificationRequest>();
  private readonly watched = new WeakSet<object>();
  private readonly begun = new Set<string>();
  private readonly ended = new Set<string>();

  constructor(
    private readonly olm: OlmMachine,
    private readonly tell: (one: Verification) => void,
    /** Sends what has to be said, wherever it goes. */
    private readonly send: (request: Request) => Promise<void>,
    /** What is to be done when one has ended well. */
    private readonly onDone: (own: boolean) => Promise<void>,
  ) {}

  /** What came to this device or in a room: new requests are told of. */
  heard(sender: string, flow: string): void {
    const request = this.flows.get(flow) ?? this.olm.getVerificationRequest(new UserId(sender), flow);
    if (!request || (this.flows.size > MOST && !this.flows.has(flow))) return;
    this.watch(flow, request);
    this.show(flow);
  }

  /** Asks all other devices of one's own, or one of them. */
  async askOwn(me: string, device?: string): Promise<string> {
    if (device) {
      const found = await this.olm.getDevice(new UserId(me), new DeviceId(device));
      if (!found) throw new MatrixError('M_NOT_FOUND', 404, 'no such device');
      const [request, message] = found.requestVerification(METHODS);
      return this.asked(request, message as unknown as Request);
    }
    const own = await this.olm.getIdentity(new UserId(me));
    if (!(own instanceof OwnUserIdentity)) throw new MatrixError('M_NOT_FOUND', 404, 'no identity');
    const [request, message] = await own.requestVerification(METHODS);
    return this.asked(request, message as unknown as Request);
  }

  /** Asks somebody in a room that is shared with them; `say` sends the request there and gives its event id. */
  async askPerson(user: string, room: string, say: (content: Content) => Promise<string>): Promise<string> {
    const person = await this.olm.getIdentity(new UserId(user));
    if (!(person instanceof OtherUserIdentity)) throw new MatrixError('M_NOT_FOUND', 404, 'this person has no identity yet');
    const event = await say({ ...(JSON.parse(person.verificationRequestContent(METHODS)) as Content), msgtype: REQUEST });
    return this.asked(person.requestVerification(new RoomId(room), new EventId(event), METHODS));
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

  private changed(flow: string): void {
    const request = this.flows.get(flow);
    if (!request) return;
    const now = request.getVerification();
    if (now instanceof Sas && !this.watched.has(request)) {
      this.watched.add(request);
      now.registerChangesCallback(async () => this.changed(flow));
      if (!now.weStarted()) void this.out(now.accept());
    }
    // Who asked begins, as soon as the other side is ready.
    if (request.phase() === VerificationRequestPhase.Ready && request.weStarted() && !this.begun.has(flow)) void this.begin(flow);
    this.show(flow);
    if (request.isDone() && !this.ended.has(flow)) {
      this.ended.add(flow);
      void this.onDone(request.isSelfVerification()).then(() => this.show(flow));
    }
  }

  /** Says yes to a request. */
  async accept(flow: string): Promise<void> {
    await this.out(this.flows.get(flow)?.acceptWithMethods(METHODS));
    this.changed(flow);
  }

  /** Begins to compare signs. */
  async begin(flow: string): Promise<void> {
    this.begun.add(flow);
    const started = await this.flows.get(flow)?.startSas();
    if (started) await this.out(started[1]);
    this.changed(flow);
  }

  /** The signs are the same on both sides. */
  async confirm(flow: string): Promise<void> {
    const now = this.flows.get(flow)?.getVerification();
    if (now instanceof Sas) for (const request of await now.confirm()) await this.out(request);
    this.changed(flow);
  }

  /** Ends one; `differs` when the signs were not the same. */
  async cancel(flow: string, differs = false): Promise<void> {
    const request = this.flows.get(flow);
    const now = request?.getVerification();
    await this.out(now instanceof Sas && differs ? now.cancelWithCode('m.mismatched_sas') : request?.cancel());
    this.changed(flow);
  }

  private async out(request: unknown): Promise<void> {
    if (request) await this.send(request as Request);
  }

  private show(flow: string): void {
    const request = this.flows.get(flow);
    if (!request) return;
    this.tell(stateOf(flow, request));
    if (request.isDone() || request.isCancelled()) setTimeout(() => this.flows.delete(flow), 60_000);
  }
}

function stateOf(flow: string, request: VerificationRequest): Verification {
  const now = request.getVerification();
  const sas = now instanceof Sas ? now : null;
  const emoji = sas?.emoji()?.map(({ symbol }, at) => [sas.emojiIndex()![at]!, symbol] as [number, string]);
  const cancelled = request.isCancelled() || !!sas?.isCancelled();
  const info = sas?.cancelInfo() ?? request.cancelInfo;
  const phase = cancelled ? 'ended' : request.isDone() || sas?.isDone() ? 'done' : sas?.haveWeConfirmed() ? 'confirmed' : emoji ? 'compare' : request.phase() === VerificationRequestPhase.Requested || request.phase() === VerificationRequestPhase.Created ? (request.weStarted() ? 'waiting' : 'asked') : sas ? 'begun' : 'ready';
  return {
    flow, phase, user: request.otherUserId.toString(), own: request.isSelfVerification(), mine: request.weStarted(), passive: request.isPassive(),
    device: request.otherDeviceId?.toString() ?? '', ...(emoji ? { emoji } : {}), ...(cancelled && info ? { reason: info.cancelCode(), byUs: info.cancelledbyUs() } : {}),
  };
}

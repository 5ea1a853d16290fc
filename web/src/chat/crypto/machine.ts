/** The keys of this device, by matrix-rust-sdk: what comes is opened, what goes is sealed. Lives in a worker. */
import {
  CollectStrategy, DecryptionErrorCode, DecryptionSettings, DeviceId, DeviceLists, EncryptionSettings, initAsync, MegolmDecryptionError, OlmMachine, OtherUserIdentity, RequestType, RoomId,
  ShieldStateCode, StoreHandle, type ToDeviceRequest, TrustRequirement, UserId,
} from '@matrix-org/matrix-sdk-crypto-wasm';
import type { Content, RoomEvent } from '../types';
import { ask, MatrixError, room as inRoom } from '../matrix';
import { ENCRYPTED, sessionOf } from './events';
import { Recovery } from './recovery';
import { send, type Request } from './requests';
import { OTHERS, UNCONFIRMED, type Lost, type Opened, type SealedRoom, type Shield, type Standing, type ToldDevice, type Person, type Verification } from './types';
import { Verifying } from './verifying';

export type News = { keys: [room: string, session: string][] } | { people: string[] } | { backup: true } | { verification: Verification };

const SHIELDS: Partial<Record<ShieldStateCode, Shield>> = {
  [ShieldStateCode.UnsignedDevice]: 'unsigned',
  [ShieldStateCode.UnknownDevice]: 'unknown',
  [ShieldStateCode.VerificationViolation]: 'changed',
  [ShieldStateCode.MismatchedSender]: 'forged',
};
const ROUNDS = 8;
/** As long a device that asks to be verified is waited for to be known; then it is heard as it is. */
const KNOWN_MS = 3_000;

export class Machine {
  private olm!: OlmMachine;
  private recovery!: Recovery;
  private verifying!: Verifying;
  private me = '';
  private device = '';
  /** Rooms in which people make sure of each other. */
  private readonly rooms = new Map<string, SealedRoom>();
  private opening: Promise<void> | null = null;
  private sending: Promise<void> | null = null;
  /** Whether there may be more to send than what is being sent. */
  private more = false;
  /** One room is sealed after the other: keys are made and given away in between. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly tell: (news: News) => void) {}

  /** Opens the store of a device, or makes it. Only the first call counts. */
  open(me: string, device: string, store: string): Promise<void> {
    this.opening ??= this.begin(me, device, store).catch((error: unknown) => {
      this.opening = null;
      throw error;
    });
    return this.opening;
  }

  private async begin(me: string, device: string, store: string): Promise<void> {
    // The lock is held as long as this worker lives; without shared workers a second page waits here.
    await new Promise<void>((resolve, reject) => {
      void navigator.locks.request(store, async () => {
        try {
          await initAsync();
          this.olm = await OlmMachine.initFromStore(new UserId(me), new DeviceId(device), await StoreHandle.open(store, null));
        } catch (error) {
          return reject(error as Error);
        }
        resolve();
        await new Promise(() => undefined);
      });
    });
    this.olm.registerRoomKeyUpdatedCallback(async (keys) => this.tell({ keys: keys.map((key) => [key.roomId.toString(), key.sessionId]) }));
    this.olm.registerRoomKeysWithheldCallback(async (keys) => this.tell({ keys: keys.map((key) => [key.roomId.toString(), key.sessionId]) }));
    this.olm.registerReceiveSecretCallback(async (name, value) => {
      if (await this.recovery.received(name, value)) this.tell({ backup: true });
      await this.olm.deleteSecretsFromInbox(name);
    });
    this.olm.registerUserIdentityUpdatedCallback(async (user) => this.tell({ people: [user.toString()] }));
    this.olm.registerDevicesUpdatedCallback(async (people) => this.tell({ people }));
    await this.olm.updateTrackedUsers([new UserId(me)]);
    [this.me, this.device] = [me, device];
    this.verifying = new Verifying(this.olm, (verification) => this.tell({ verification }), (request) => this.ask(request), (user, own) => this.verified(user, own));
    this.recovery = new Recovery(this.olm, me, device);
    await this.flush(); // before anybody can write to it, this device has told its keys
    await this.recovery.begin();
  }

  /** What `/sync` told this device. Returns once it is kept. */
  async receive(told: ToldDevice): Promise<void> {
    const users = (all: string[] = []) => all.map((user) => new UserId(user));
    const counts = new Map(Object.entries(told.device_one_time_keys_count ?? {}));
    const fallback = told.device_unused_fallback_key_types ? new Set(told.device_unused_fallback_key_types) : undefined;
    const events = told.to_device?.events ?? [];
    const receive = (some: unknown[], lists: DeviceLists) => this.olm.receiveSyncChanges(JSON.stringify(some), lists, counts, fallback, settings());
    let lists = new DeviceLists(users(told.device_lists?.changed), users(told.device_lists?.left));
    if (events.some((event) => (event as RoomEvent).type === 'm.key.verification.request')) { // the library ignores those of devices that it does not know yet
      await receive([], lists);
      lists = new DeviceLists();
      await Promise.race([this.flush().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, KNOWN_MS))]);
    }
    const heard = await receive(events, lists);
    for (const { type, sender, content } of heard.map(({ rawEvent }) => JSON.parse(rawEvent) as RoomEvent)) {
      if (type === 'm.key.verification.request') this.verifying.heard(sender, String(content.transaction_id));
      else if (type.startsWith('m.key.verification.')) this.verifying.changed(String(content.transaction_id));
      if (type === 'm.secret.send') this.tell({ people: [this.me] });
    }
    void this.flush().catch(() => undefined); // asked again with the next answer
  }

  /** Sends what the library has to say to the server by now, until it has no more. Throws MatrixError. */
  flush(): Promise<void> {
    this.more = true;
    return (this.sending ??= this.pump());
  }

  private async pump(): Promise<void> {
    try {
      while (this.more) {
        this.more = false;
        for (let round = 0; round < ROUNDS; round++) {
          const requests = (await this.olm.outgoingRequests()) as unknown as Request[];
          if (!requests.length) break;
          for (const request of requests) await this.ask(request);
        }
        await this.recovery.backUp();
      }
    } finally {
      this.sending = null;
    }
  }

  private async ask(request: Request): Promise<void> {
    const room = request.type === RequestType.RoomMessage ? this.rooms.get(request.room_id!) : undefined;
    const sealed = room && { event_type: ENCRYPTED, body: JSON.stringify(await this.encrypt(room, request.event_type!, request.body)) };
    const { id, type, body, event_type = '', txn_id = '', room_id = '', version = '' } = request;
    const answer = await send({ id, type, body, event_type, txn_id, room_id, version, ...sealed });
    if (request.id) await this.olm.markRequestAsSent(request.id, request.type, answer);
  }

  /**
   * An event as it is sent: everybody in the room has been given its key before. Throws MatrixError; its code is OTHERS,
   * and its sentence their ids, as long as some who were verified are others now; it is UNCONFIRMED where keys are for confirmed
   * devices alone, and this one is none.
   */
  async seal(room: SealedRoom, type: string, content: Content): Promise<Content> {
    return this.inTurn(room, type, content, true);
  }

  private inTurn(room: SealedRoom, type: string, content: Content, sure: boolean): Promise<Content> {
    const sealed = this.turn.then(async () => {
      await this.olm.updateTrackedUsers(room.members.map((user) => new UserId(user)));
      await this.flush();
      return this.encrypt(room, type, JSON.stringify(content), sure);
    });
    this.turn = sealed.catch(() => undefined);
    return sealed;
  }

  private async encrypt({ id, members, confirmed, encryption }: SealedRoom, type: string, content: string, sure = false): Promise<Content> {
    const users = () => members.map((user) => new UserId(user)); // each is used up by the call that gets it
    const claim = await this.olm.getMissingSessions(users());
    if (claim) await this.ask(claim);
    const rules = new EncryptionSettings();
    if (encryption.rotation_period_ms) rules.rotationPeriod = BigInt(encryption.rotation_period_ms) * 1000n;
    if (encryption.rotation_period_msgs) rules.rotationPeriodMessages = BigInt(encryption.rotation_period_msgs);
    const shared = (strategy: CollectStrategy) => {
      rules.sharingStrategy = strategy;
      return this.olm.shareRoomKey(new RoomId(id), users(), rules);
    };
    for (const request of await (sure ? this.careful(members, confirmed, shared) : shared(CollectStrategy.allDevices()))) await this.ask(request);
    return JSON.parse(await this.olm.encryptRoomEvent(new RoomId(id), type, content)) as Content;
  }

  /** Gives a key to all devices, or to the confirmed ones; to nobody as long as somebody who was verified is another now. */
  private async careful(members: string[], confirmed: boolean, shared: (strategy: CollectStrategy) => Promise<ToDeviceRequest[]>): Promise<ToDeviceRequest[]> {
    try {
      return await shared(confirmed ? CollectStrategy.identityBasedStrategy() : CollectStrategy.errorOnUnverifiedUserProblem());
    } catch (error) {
      const others: string[] = [];
      for (const user of members) if ((await this.olm.getIdentity(new UserId(user)))?.hasVerificationViolation()) others.push(user);
      if (others.length) throw new MatrixError(OTHERS, 403, others.join(' '));
      if (confirmed) throw (await this.isConfirmed()) ? error : new MatrixError(UNCONFIRMED, 403, UNCONFIRMED);
      return shared(CollectStrategy.allDevices()); // a device that its owner has not confirmed is told of beside what it sends
    }
  }

  /** Whether this device is signed by its person's identity. */
  private async isConfirmed(): Promise<boolean> {
    return !!(await this.olm.getDevice(new UserId(this.me), new DeviceId(this.device)))?.isCrossSignedByOwner();
  }

  /** What encrypted events of a room say, in their order. */
  async unseal(room: string, events: RoomEvent[]): Promise<Opened[]> {
    const opened: Opened[] = [];
    for (const event of events) opened.push(await this.one(room, event));
    void this.flush().catch(() => undefined); // keys that are missing may be asked for
    const missing = events.filter((_event, index) => 'lost' in opened[index]!).map(sessionOf);
    if (missing.length) void this.recovery.seek(room, [...new Set(missing)]).catch(() => undefined);
    return opened;
  }

  private async one(room: string, event: RoomEvent): Promise<Opened> {
    try {
      const found = await this.olm.decryptRoomEvent(JSON.stringify({ ...event, room_id: room }), new RoomId(room), settings());
      const { type, content } = JSON.parse(found.event) as RoomEvent;
      const { code } = found.shieldState(false);
      const shield = code === undefined ? undefined : SHIELDS[code];
      return { type, content, ...(shield ? { shield } : {}) };
    } catch (error) {
      return { lost: error instanceof MegolmDecryptionError ? reason(error) : 'broken' };
    }
  }

  /** How this device stands. Throws MatrixError. */
  standing(): Promise<Standing> {
    return this.recovery.standing();
  }

  /** A new recovery key, to be shown once. Given a password, with another identity in the place of the one that is lost. Throws MatrixError. */
  async makeKey(password?: string): Promise<string> {
    if (password !== undefined) await this.recovery.makeIdentity(password);
    const key = await this.recovery.makeKey();
    void this.flush().catch(() => undefined);
    return key;
  }

  /** Takes a recovery key; false when it is another. Throws MatrixError. */
  async restore(typed: string): Promise<boolean> {
    const done = await this.recovery.restore(typed);
    await this.flush();
    return done;
  }

  /** Begins to make sure of another device of one's own, or of all that answer; `camera`: there is one here. Throws MatrixError. */
  verifyOwn(camera: boolean, device?: string): Promise<string> {
    return this.verifying.askOwn(this.me, camera, device);
  }

  /** Begins to make sure of somebody, by a request in an encrypted room that is shared with them. Throws MatrixError. */
  async verifyPerson(user: string, room: SealedRoom, camera: boolean): Promise<string> {
    this.rooms.set(room.id, room);
    await this.known(user);
    return this.verifying.askPerson(user, room.id, camera, async (content) => {
      const sealed = await this.inTurn(room, 'm.room.message', content, false); // also with who is another now
      return (await ask<{ event_id: string }>('PUT', inRoom(room.id, 'send', ENCRYPTED, crypto.randomUUID()), { body: sealed })).event_id;
    });
  }

  /** What was said in a room about such. */
  async verifyEvents(room: SealedRoom, events: RoomEvent[]): Promise<void> {
    this.rooms.set(room.id, room);
    for (const event of events) {
      await this.known(event.sender);
      await this.olm.receiveVerificationEvent(JSON.stringify({ ...event, room_id: room.id }), new RoomId(room.id));
      const { event_id: flow } = (event.content['m.relates_to'] ?? {}) as { event_id?: string };
      if (event.type === 'm.room.message' && event.sender !== this.me) this.verifying.heard(event.sender, event.event_id);
      else if (flow) this.verifying.changed(flow);
    }
    await this.flush();
  }

  verifyAccept(flow: string, camera: boolean): Promise<void> {
    return this.verifying.accept(flow, camera);
  }

  verifyBegin(flow: string): Promise<void> {
    return this.verifying.begin(flow);
  }

  verifyScan(flow: string, bytes: Uint8Array): Promise<boolean> {
    return this.verifying.scan(flow, bytes);
  }

  verifyConfirm(flow: string): Promise<void> {
    return this.verifying.confirm(flow);
  }

  verifyCancel(flow: string, differs?: boolean): Promise<void> {
    return this.verifying.cancel(flow, differs);
  }

  /** Made sure of: our signature is sent and seen, what another device of one's own knows is asked for, and others hear of it. */
  private async verified(user: string, own: boolean): Promise<void> {
    if (own) await this.olm.requestMissingSecretsIfNeeded();
    await this.flush();
    await this.ask(this.olm.queryKeysForUsers([new UserId(user)]) as unknown as Request);
    this.tell({ people: [this.me, user] });
  }

  /** Follows somebody's keys. */
  private async known(user: string): Promise<void> {
    await this.olm.updateTrackedUsers([new UserId(user)]);
    await this.flush();
  }

  /** What is known of somebody and their devices. Throws MatrixError. */
  async person(user: string): Promise<Person> {
    await this.known(user);
    const identity = await this.olm.getIdentity(new UserId(user));
    const devices = (await this.olm.getUserDevices(new UserId(user))).devices().map((one) => ({ id: one.deviceId.toString(), name: one.displayName ?? '', confirmed: one.isCrossSignedByOwner(), current: user === this.me && one.deviceId.toString() === this.device }));
    const changed = identity instanceof OtherUserIdentity && identity.identityNeedsUserApproval();
    return { known: !!identity, verified: !!identity?.isVerified(), violated: !!identity?.hasVerificationViolation(), changed, devices };
  }

  /** Takes somebody's identity as it is now. */
  async takeChange(user: string): Promise<void> {
    const identity = await this.olm.getIdentity(new UserId(user));
    if (identity?.hasVerificationViolation()) await identity.withdrawVerification();
    if (identity instanceof OtherUserIdentity && identity.identityNeedsUserApproval()) await identity.pinCurrentMasterKey();
    this.tell({ people: [user] });
  }

  /** Lets go of the store, so that it can be deleted. */
  async close(): Promise<void> {
    await this.turn;
    this.olm?.close();
  }
}

function settings(): DecryptionSettings {
  return new DecryptionSettings(TrustRequirement.Untrusted);
}

function reason(error: MegolmDecryptionError): Lost {
  if (error.withheldCode === 'm.unverified') return 'unconfirmed';
  if (error.withheldCode !== undefined) return 'withheld';
  if (error.code === DecryptionErrorCode.MissingRoomKey) return 'key';
  return error.code === DecryptionErrorCode.UnknownMessageIndex ? 'before' : 'broken';
}

/** The keys of this device, by matrix-rust-sdk: what comes is opened, what goes is sealed. Lives in a worker. */
import {
  DecryptionErrorCode, DecryptionSettings, DeviceId, DeviceLists, EncryptionSettings, initAsync, MegolmDecryptionError, OlmMachine, RoomId, ShieldStateCode,
  StoreHandle, TrustRequirement, UserId,
} from '@matrix-org/matrix-sdk-crypto-wasm';
import type { Content, RoomEvent } from '../types';
import { sessionOf } from './events';
import { Recovery } from './recovery';
import { send, type Request } from './requests';
import type { Lost, Opened, SealedRoom, Shield, Standing, ToldDevice } from './types';

export type News = { keys: [room: string, session: string][] } | { people: string[] } | { backup: true };

const SHIELDS: Partial<Record<ShieldStateCode, Shield>> = {
  [ShieldStateCode.UnsignedDevice]: 'unsigned',
  [ShieldStateCode.UnknownDevice]: 'unknown',
  [ShieldStateCode.VerificationViolation]: 'changed',
  [ShieldStateCode.MismatchedSender]: 'forged',
};
const ROUNDS = 8;

export class Machine {
  private olm!: OlmMachine;
  private recovery!: Recovery;
  private opening: Promise<void> | null = null;
  private sending: Promise<void> | null = null;
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
    this.recovery = new Recovery(this.olm, me, device);
    await this.flush(); // before anybody can write to it, this device has told its keys
    await this.recovery.begin();
  }

  /** What `/sync` told this device. Returns once it is kept. */
  async receive(told: ToldDevice): Promise<void> {
    const users = (all: string[] = []) => all.map((user) => new UserId(user));
    const counts = new Map(Object.entries(told.device_one_time_keys_count ?? {}));
    const fallback = told.device_unused_fallback_key_types ? new Set(told.device_unused_fallback_key_types) : undefined;
    const lists = new DeviceLists(users(told.device_lists?.changed), users(told.device_lists?.left));
    await this.olm.receiveSyncChanges(JSON.stringify(told.to_device?.events ?? []), lists, counts, fallback, settings());
    void this.flush().catch(() => undefined); // asked again with the next answer
  }

  /** Sends what the library has to say to the server, until it has no more. Throws MatrixError. */
  flush(): Promise<void> {
    this.sending ??= this.pump().finally(() => (this.sending = null));
    return this.sending;
  }

  private async pump(): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      const requests = (await this.olm.outgoingRequests()) as unknown as Request[];
      if (!requests.length) break;
      for (const request of requests) await this.ask(request);
    }
    await this.recovery.backUp();
  }

  private async ask(request: Request): Promise<void> {
    const answer = await send(request);
    if (request.id) await this.olm.markRequestAsSent(request.id, request.type, answer);
  }

  /** An event as it is sent: everybody in the room has been given its key before. Throws MatrixError. */
  seal(room: SealedRoom, type: string, content: Content): Promise<Content> {
    const sealed = this.turn.then(() => this.sealNow(room, type, content));
    this.turn = sealed.catch(() => undefined);
    return sealed;
  }

  private async sealNow({ id, members, encryption }: SealedRoom, type: string, content: Content): Promise<Content> {
    const users = () => members.map((user) => new UserId(user)); // each is used up by the call that gets it
    await this.olm.updateTrackedUsers(users());
    await this.flush();
    const claim = await this.olm.getMissingSessions(users());
    if (claim) await this.ask(claim);
    const rules = new EncryptionSettings();
    if (encryption.rotation_period_ms) rules.rotationPeriod = BigInt(encryption.rotation_period_ms) * 1000n;
    if (encryption.rotation_period_msgs) rules.rotationPeriodMessages = BigInt(encryption.rotation_period_msgs);
    for (const request of await this.olm.shareRoomKey(new RoomId(id), users(), rules)) await this.ask(request);
    return JSON.parse(await this.olm.encryptRoomEvent(new RoomId(id), type, JSON.stringify(content))) as Content;
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
  if (error.maybe_withheld !== undefined) return 'withheld';
  if (error.code === DecryptionErrorCode.MissingRoomKey) return 'key';
  return error.code === DecryptionErrorCode.UnknownMessageIndex ? 'before' : 'broken';
}

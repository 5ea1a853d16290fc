/**
 * One identity for all devices of a person, their history on each of them, and the recovery key that brings both back
 * (Matrix v1.19 Client-Server §Cross-signing, §Server-side key backups, §Secrets). Lives in the worker with the keys.
 */
import { BackupDecryptionKey, DeviceId, type OlmMachine, OwnUserIdentity, RequestType, RoomId, UserId } from '@matrix-org/matrix-sdk-crypto-wasm';
import { ask, MatrixError, ownData } from '../matrix';
import type { Content } from '../types';
import { send, type Request } from './requests';
import { ALGORITHM, describe, fits, ofPassphrase, openSecret, readRecoveryKey, recoveryKey, sealSecret, type KeyDescription, type SealedSecret } from './secrets';
import type { Standing } from './types';

const SECRETS = { master: 'm.cross_signing.master', self: 'm.cross_signing.self_signing', user: 'm.cross_signing.user_signing', backup: 'm.megolm_backup.v1' } as const;
const DEFAULT = 'm.secret_storage.default_key';
const BACKUP = 'm.megolm_backup.v1.curve25519-aes-sha2';
/** Keys are backed up some hundred at a time. */
const ROUNDS = 50;

interface Version {
  algorithm: string;
  auth_data: { public_key: string };
  version: string;
}

const orNothing = (error: MatrixError) => {
  if (error.status !== 404) throw error;
  return null;
};

export class Recovery {
  private version = '';
  private opener: BackupDecryptionKey | null = null;
  /** Sessions that were looked for in the backup. */
  private readonly sought = new Set<string>();

  constructor(
    private readonly olm: OlmMachine,
    private readonly me: string,
    private readonly device: string,
  ) {}

  /** Begins: the first device of a person makes their identity; the backup goes on if it is still ours. */
  async begin(): Promise<void> {
    if (!(await this.identity())) await this.makeIdentity().catch(() => undefined); // another device was quicker
    const { decryptionKey, backupVersion } = await this.olm.getBackupKeys();
    if (decryptionKey && backupVersion) await this.useBackup(decryptionKey);
  }

  private async identity() {
    const found = await this.olm.getIdentity(new UserId(this.me));
    return found instanceof OwnUserIdentity ? found : undefined;
  }

  /** How this device stands. */
  async standing(): Promise<Standing> {
    const { hasMaster, hasSelfSigning, hasUserSigning } = await this.olm.crossSigningStatus();
    const device = await this.olm.getDevice(new UserId(this.me), new DeviceId(this.device));
    return { confirmed: !!device?.isCrossSignedByOwner(), holds: hasMaster && hasSelfSigning && hasUserSigning, recovery: !!(await this.description()), backup: !!this.version };
  }

  private data<T>(type: string): Promise<T | null> {
    return ask<T & Content>('GET', ownData(this.me, type)).catch(orNothing);
  }

  private async keep(type: string, content: Content): Promise<void> {
    await ask('PUT', ownData(this.me, type), { body: content });
  }

  private async description(): Promise<{ id: string; key: KeyDescription } | null> {
    const id = (await this.data<{ key?: string }>(DEFAULT))?.key;
    const key = id && (await this.data<KeyDescription>(`m.secret_storage.key.${id}`));
    return key && key.algorithm === ALGORITHM ? { id, key } : null;
  }

  /** Another identity, for the first time or in the place of one that is lost; that needs the password. Throws MatrixError. */
  async makeIdentity(password?: string): Promise<void> {
    const made = await this.olm.bootstrapCrossSigning(true);
    if (made.uploadKeysRequest) await this.mark(made.uploadKeysRequest as Request);
    const auth = password === undefined ? {} : { auth: { type: 'm.login.password', identifier: { type: 'm.id.user', user: this.me }, password } };
    await ask('POST', ['client', 'v3', 'keys', 'device_signing', 'upload'], { body: { ...(JSON.parse(made.uploadSigningKeysRequest.body) as Content), ...auth } });
    await this.mark(made.uploadSignaturesRequest as unknown as Request);
    await this.mark(this.olm.queryKeysForUsers([new UserId(this.me)]) as unknown as Request);
  }

  private async mark(request: Request): Promise<void> {
    const answer = await send(request);
    if (request.id) await this.olm.markRequestAsSent(request.id, request.type, answer);
  }

  /** Makes a new recovery key, and keeps all that it brings back. Returns it: it is kept nowhere. Throws MatrixError. */
  async makeKey(): Promise<string> {
    const key = crypto.getRandomValues(new Uint8Array(32));
    const id = crypto.randomUUID().replaceAll('-', '');
    const mine = await this.olm.exportCrossSigningKeys();
    const backup = await this.makeBackup();
    const kept: [string, string | undefined][] = [[SECRETS.master, mine?.masterKey], [SECRETS.self, mine?.self_signing_key], [SECRETS.user, mine?.userSigningKey], [SECRETS.backup, backup]];
    await this.keep(`m.secret_storage.key.${id}`, { ...(await describe(key)) });
    for (const [name, secret] of kept) if (secret) await this.keep(name, { encrypted: { [id]: await sealSecret(key, name, secret) } });
    await this.keep(DEFAULT, { key: id });
    return recoveryKey(key);
  }

  /** The backup's key: of the one that is there if it is ours, else of a new one. */
  private async makeBackup(): Promise<string> {
    if (this.opener && this.version) return this.opener.toBase64();
    const opener = BackupDecryptionKey.createRandomKey();
    const told = { public_key: opener.megolmV1PublicKey.publicKeyBase64 };
    const signatures = JSON.parse((await this.olm.sign(JSON.stringify(told))).asJSON()) as Content;
    const secret = opener.toBase64();
    await ask('POST', ['client', 'v3', 'room_keys', 'version'], { body: { algorithm: BACKUP, auth_data: { ...told, signatures } } });
    await this.useBackup(opener);
    return secret;
  }

  /** Goes on with the newest backup, if this key opens it. */
  private async useBackup(opener: BackupDecryptionKey): Promise<boolean> {
    const newest = await ask<Version & Content>('GET', ['client', 'v3', 'room_keys', 'version']).catch(orNothing);
    const mine = opener.megolmV1PublicKey.publicKeyBase64;
    if (newest?.algorithm !== BACKUP || newest.auth_data.public_key.replace(/=+$/, '') !== mine.replace(/=+$/, '')) return false;
    await this.olm.saveBackupDecryptionKey(BackupDecryptionKey.fromBase64(opener.toBase64()), newest.version);
    await this.olm.enableBackupV1(mine, newest.version);
    [this.opener, this.version] = [opener, newest.version];
    this.sought.clear();
    return true;
  }

  /** Brings back the identity and the way to the history. False when what was typed is not the key. Throws MatrixError. */
  async restore(typed: string): Promise<boolean> {
    const described = await this.description();
    if (!described) return false;
    const key = readRecoveryKey(typed) ?? (await ofPassphrase(typed, described.key));
    if (!key || !(await fits(key, described.key))) return false;
    const secret = async (name: string) => {
      const sealed = (await this.data<{ encrypted?: Record<string, SealedSecret> }>(name))?.encrypted?.[described.id];
      return sealed ? await openSecret(key, name, sealed) : null;
    };
    await this.olm.importCrossSigningKeys(await secret(SECRETS.master), await secret(SECRETS.self), await secret(SECRETS.user));
    await this.confirm();
    const backup = await secret(SECRETS.backup);
    if (backup) await this.useBackup(BackupDecryptionKey.fromBase64(backup));
    return true;
  }

  /** Signs this device with the identity. */
  private async confirm(): Promise<void> {
    const device = await this.olm.getDevice(new UserId(this.me), new DeviceId(this.device));
    if (device && !device.isCrossSignedByOwner()) await this.mark((await device.verify()) as unknown as Request);
    await this.mark(this.olm.queryKeysForUsers([new UserId(this.me)]) as unknown as Request);
  }

  /** A secret has come from another device of the same person: the way to the history. */
  async received(name: string, value: string): Promise<boolean> {
    return name === SECRETS.backup && (await this.useBackup(BackupDecryptionKey.fromBase64(value)));
  }

  /** Puts keys that are new into the backup. Throws MatrixError. */
  async backUp(): Promise<void> {
    if (!this.version) return;
    for (let round = 0; round < ROUNDS; round++) {
      const request = (await this.olm.backupRoomKeys()) as unknown as Request | undefined;
      if (!request) return;
      await this.mark({ id: request.id, type: RequestType.KeysBackup, body: request.body, version: request.version ?? this.version });
    }
  }

  /** Looks for the keys of sessions in the backup, once; what is found opens what waits for it. */
  async seek(room: string, sessions: string[]): Promise<void> {
    const { opener, version } = this;
    if (!opener || !version) return;
    const found = new Map<string, unknown>();
    for (const session of sessions.filter((one) => !this.sought.has(one))) {
      this.sought.add(session);
      const sealed = await ask<{ session_data: { ephemeral: string; mac: string; ciphertext: string } } & Content>('GET', ['client', 'v3', 'room_keys', 'keys', room, session], { query: { version } }).catch((error: MatrixError) => {
        if (error.passing) this.sought.delete(session);
        return null;
      });
      if (!sealed) continue;
      const { ephemeral, mac, ciphertext } = sealed.session_data;
      try {
        found.set(session, { ...(JSON.parse(opener.decryptV1(ephemeral, mac, ciphertext)) as Content), room_id: room, session_id: session });
      } catch {
        // put there by somebody who has not our key
      }
    }
    if (found.size) await this.olm.importBackedUpRoomKeys(new Map([[new RoomId(room), found]]), () => undefined, version);
  }
}

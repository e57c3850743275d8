/** What `connection` may be, and the form in which BullMQ takes it. */
import type { ConnectionOptions, PostgresConnectionOptions } from 'bullmq';

/** The address of a datastore, or a connection of BullMQ. @inline */
export type Connection = string | ConnectionOptions | PostgresConnectionOptions;

/** ioredis takes any path for a database, and selects the database `NaN`, which ends the program. */
const REDIS_URL = /^rediss?:\/\/[^/?#]*(\/\d*)?([?#]|$)/i;

/** Options that only pg has. A pool of pg has `totalCount`. */
const ONLY_POSTGRES = ['connectionString', 'database', 'user', 'totalCount'];

/**
 * Refuses connections with which BullMQ would hang or lose data.
 *
 * @param what - the class that takes the options; error messages begin with it.
 * @param areBraced - whether the names of the queues contain the braces that a Redis Cluster needs.
 * @throws TypeError that says what to use instead.
 */
export function checkConnection(
  what: string,
  connection: Connection,
  prefix: string | undefined,
  areBraced: boolean,
): void {
  if (typeof connection === 'string') {
    if (REDIS_URL.test(connection) || usesPostgres(connection)) return;
    // Without the URL, which may contain a password.
    throw new TypeError(
      `${what}: option "connection": expected nothing but the number of a database after the host of a Redis URL; encode ` +
        'special characters of the password, and use { path } for a Unix socket',
    );
  }
  const { options = connection } = connection as { options?: object };
  if (Reflect.get(Object(options), 'keyPrefix')) {
    throw new TypeError(`${what}: option "connection": expected no keyPrefix; use the option "prefix" instead`);
  }
  if (!areBraced && Reflect.get(connection, 'isCluster') === true && !/\{[^}]+\}/.test(prefix ?? '')) {
    throw new TypeError(
      `${what}: option "prefix": expected a part in braces for a Redis Cluster, such as "{bull}", so that all keys of ` +
        `the queue are in one slot, or the option "shards"; got ${prefix === undefined ? 'none' : JSON.stringify(prefix)}`,
    );
  }
  if (usesPostgres(connection) && isClient(connection) && !isPostgresPool(connection)) {
    throw new TypeError(`${what}: option "connection": expected a pool or options of pg, got a single client of pg`);
  }
}

export function usesPostgres(connection: Connection): boolean {
  if (typeof connection === 'string') return /^postgres(ql)?:/i.test(connection);
  return ONLY_POSTGRES.some((key) => key in connection);
}

/** Whether the program passed a client of its own; then the client's package is installed. */
export function isClient(connection: Connection): boolean {
  return typeof connection !== 'string' && typeof (connection as { connect?: unknown }).connect === 'function';
}

function isPostgresPool(connection: object): boolean {
  return 'totalCount' in connection;
}

/**
 * The options of pg. Of a pool they are its options: BullMQ finds its tables only through connections that it opens itself.
 */
export function optionsOfPostgres(connection: Connection): object {
  if (typeof connection === 'string') return { connectionString: connection };
  if (!isPostgresPool(connection)) return connection;
  const { options } = connection as { options: object };
  // pg hides secrets from enumeration, so copying the object alone would lose them.
  const names = Object.getOwnPropertyNames(options).filter((name) => Reflect.get(options, name) !== undefined);
  return Object.fromEntries(names.map((name) => [name, Reflect.get(options, name)]));
}

/** Errors of Redis for wrong credentials, and for a database that it does not have. */
const REFUSAL = /^(NOAUTH|WRONGPASS|NOPERM)\b|DB index is out of range/;

const NO_CLUSTER = /cluster support disabled/;

/** SQLSTATE codes of PostgreSQL for wrong credentials, a database that is not there, and missing rights. */
const REFUSAL_CODES = /^(28|3D|42501$)/;

/** The codes of errors of TLS and of name resolution that stay until a person changes something. */
const PERMANENT_CODES =
  /^(CERT_|ERR_TLS_CERT|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_|HOSTNAME_MISMATCH$|ENOTFOUND$)/;

/**
 * Why it would not help to wait for the datastore; `undefined` if it may.
 *
 * @returns a phrase that continues "the datastore …".
 */
export function describePermanent(error: Error): string | undefined {
  const code = String((error as NodeJS.ErrnoException).code);
  if (REFUSAL.test(error.message) || REFUSAL_CODES.test(code)) return 'rejected the credentials or the database';
  if (NO_CLUSTER.test(error.message)) return 'is not a Redis Cluster, which the option "shards" needs';
  if (code === 'ENOTFOUND') return 'has a host name that is unknown';
  return PERMANENT_CODES.test(code) ? 'has a certificate that this machine does not accept' : undefined;
}

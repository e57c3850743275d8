import { isIP } from 'node:net';
import { boolean, type Check, type DocumentedTable, integer } from '../util/validation.js';

/**
 * The options of a dashboard.
 *
 * @since 0.2.0
 */
export interface DashboardOptions {
  /** Port of the server; 0: any free port. Default: 0. */
  port?: number;
  /**
   * Address or name of this machine that the server listens on. Any other than that of the loopback interface requires the
   * token. Default: `'127.0.0.1'`.
   */
  host?: string;
  /**
   * Names under which a proxy in front of the server serves the page, without a port. They may stand in `Host` and `Origin`.
   * They require the token. Default: none.
   */
  allowedHosts?: string[];
  /**
   * Whether the page can cancel maps and tasks, replace processes, and pause and resume pools. It requires the token.
   * Default: `false`.
   */
  actions?: boolean;
  /**
   * What the page must know to show anything: at least 16 letters, digits, `-` or `_`. Default: random with `actions`,
   * `allowedHosts` or another `host`, otherwise none.
   */
  token?: string;
  /** Whether the address is printed on stderr. Default: `true`. */
  print?: boolean;
}

const hostName: Check<string> = {
  type: 'string',
  expected: 'an IP address or a host name',
  accepts: (value): value is string => typeof value === 'string' && (isIP(value) > 0 || /^[\w.-]+$/.test(value)),
};

const hostNames: Check<string[]> = {
  type: 'array of strings',
  expected: 'an array of host names or IP addresses',
  accepts: (value): value is string[] => Array.isArray(value) && value.every((each) => hostName.accepts(each)),
};

const token: Check<string> = {
  type: 'string',
  expected: 'at least 16 letters, digits, - or _',
  accepts: (value): value is string => typeof value === 'string' && /^[\w-]{16,}$/.test(value),
};

const port = integer(0, 65_535);

export const DASHBOARD_OPTIONS = {
  port: { check: port, default: 0, description: 'Port of the server; 0: any free port.' },
  host: {
    check: hostName,
    default: '127.0.0.1',
    description:
      'Address or name of this machine that the server listens on. Any other than that of the loopback interface ' +
      'requires the token.',
  },
  allowedHosts: {
    check: hostNames,
    default: [],
    defaultText: 'none',
    description:
      'Names under which [a proxy](#behind-a-proxy) in front of the server serves the page, without a port. They may stand ' +
      'in `Host` and `Origin`. They require the token.',
  },
  actions: {
    check: boolean,
    default: false,
    description:
      'Whether the page can cancel maps and tasks, replace processes, and pause and resume pools. It requires the token.',
  },
  token: {
    check: token,
    defaultText: 'random with `actions`, `allowedHosts` or another `host`, otherwise none',
    description: 'What the page must know to show anything: at least 16 letters, digits, `-` or `_`.',
  },
  print: { check: boolean, default: true, description: 'Whether the address is printed on stderr.' },
} as const satisfies DocumentedTable<DashboardOptions>;

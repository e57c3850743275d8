import {
  AiomultiprocessError,
  type ErrorCode,
  type PoisonousTaskError,
  ProcessExitError,
  TaskTimeoutError,
  type TimeoutError,
} from 'aiomultiprocess';
import { expectType } from '../support/expect-type.ts';

declare const error: unknown;
declare const late: TimeoutError;
declare const poisonous: PoisonousTaskError;

// Each class has one literal as its code; a subclass may narrow that of its base class.
expectType<'ERR_AIOMULTIPROCESS_TIMEOUT'>().of(late.code);
expectType<'ERR_AIOMULTIPROCESS_POISONOUS_TASK'>().of(poisonous.code);

export function handle(): string | undefined {
  if (!(error instanceof AiomultiprocessError)) return undefined;
  expectType<AiomultiprocessError>().of(error);
  expectType<ErrorCode>().of(error.code);
  if (error instanceof TaskTimeoutError) expectType<'ERR_AIOMULTIPROCESS_TASK_TIMEOUT'>().of(error.code);
  if (error instanceof ProcessExitError) {
    expectType<'ERR_AIOMULTIPROCESS_PROCESS_EXIT' | 'ERR_AIOMULTIPROCESS_POISONOUS_TASK'>().of(error.code);
    expectType<number | null>().of(error.exitCode);
  }
  switch (error.code) {
    case 'ERR_AIOMULTIPROCESS_TASK_TIMEOUT':
    case 'ERR_AIOMULTIPROCESS_PROCESS_EXIT':
      return error.message;
    // @ts-expect-error: the package has no such code
    case 'ERR_AIOMULTIPROCESS_TASK_TIMEOUTS':
      return undefined;
    default:
      return undefined;
  }
}

// @ts-expect-error: codes do not change
late.code = 'ERR_AIOMULTIPROCESS_TIMEOUT';
// @ts-expect-error: the base class has no instances of its own
new AiomultiprocessError('what');

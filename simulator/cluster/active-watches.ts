import type { User } from '../../core/user.js';
import { expired } from './api-error.js';
import { isMatch, type RequestMatch } from './faults.js';
import type { RequestInfo } from './request-info.js';
import type { WatchStream } from './watch-stream.js';

/**
 * What can befall a watch in its life. `reset`: its connection breaks. `expire`: a 410 ERROR event ends it.
 * `stall`: it stays open and is silent for ever. `close`: it ends in order, as at its time-out.
 */
export type WatchBreak = 'reset' | 'expire' | 'stall' | 'close';

interface ActiveWatch {
  readonly info: RequestInfo;
  readonly user: User;
  readonly stream: WatchStream;
}

/** The watches that are open now. */
export class ActiveWatches {
  #watches: readonly ActiveWatch[] = [];

  add(info: RequestInfo, user: User, stream: WatchStream): void {
    const watch = { info, user, stream };
    this.#watches = [...this.#watches, watch];
    stream.ended.addEventListener('abort', () => {
      this.#watches = this.#watches.filter((other) => other !== watch);
    });
  }

  count(match: RequestMatch): number {
    return this.#matching(match).length;
  }

  /** Answers how many it struck. */
  break(how: WatchBreak, match: RequestMatch): number {
    const struck = this.#matching(match);
    for (const { stream } of struck) breakOne(stream, how);
    return struck.length;
  }

  #matching(match: RequestMatch): readonly ActiveWatch[] {
    return this.#watches.filter((watch) => isMatch(match, watch.info, watch.user));
  }
}

function breakOne(stream: WatchStream, how: WatchBreak): void {
  switch (how) {
    case 'reset':
      stream.reset();
      break;
    case 'expire':
      stream.fail(expired('The resourceVersion for the provided watch is too old.'));
      break;
    case 'stall':
      stream.stall();
      break;
    case 'close':
      stream.close();
  }
}

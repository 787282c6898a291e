// The Chromium that browser specs drive: the one on this machine, installed by apt when we are root and it is
// missing. Must never download a browser from anywhere else, and never skip for want of one.
import { programPath } from './apt.ts';

/** An executable Chromium. @throws one sentence with the remedy */
export function chromiumPath(): Promise<string> {
  return programPath({
    title: 'Chromium',
    packageName: 'chromium',
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  });
}

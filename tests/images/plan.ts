// What the private machine is told to do: made outside of it, where files can be fetched and images built.
import type { Image } from './storage.ts';

export interface BuiltImage {
  readonly image: Image;
  /** Its files, mounted. */
  readonly root: string;
}

export interface Plan {
  readonly isEachStarted: boolean;
  readonly isComposeRun: boolean;
  /** For volumes and what else is written; removed afterwards. */
  readonly folder: string;
  /** By app. */
  readonly images: Readonly<Record<string, BuiltImage>>;
  /** Paths of server programs and their tools, by name. */
  readonly programs: Readonly<Record<string, string>>;
}

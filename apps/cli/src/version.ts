/** The version of the command line. Must never differ from the version of the package. */

/** Held equal to package.json by a spec. */
export const version = '0.1.0';

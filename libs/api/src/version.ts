/** The version of the API as its documents say it. Must never differ from the version of the package. */

/** Held equal to package.json by a spec. */
export const apiVersion = '0.1.0';

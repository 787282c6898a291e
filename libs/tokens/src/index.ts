/** User tokens: sign, verify, keys. The only lib that knows jsonwebtoken. */
export { CheckedSignatures } from './checked-signatures.js';
export {
  isTopicAllowed,
  type TokenAlgorithm,
  tokenAlgorithms,
  tokenSkewMs,
  tokenType,
  type UserClaims,
} from './claims.js';
export {
  generateSigningKey,
  openSigningKey,
  readVerificationKey,
  rsaModulusBitsMin,
  type TokenSigner,
  UnfitKey,
  type VerificationKey,
} from './key.js';
export { KeySet, keySetMax } from './key-set.js';
export { type IssuedToken, signToken, type TokenOrder, TokenTooBig } from './sign.js';
export { type Verdict, type VerifyOrder, verifyToken } from './verify.js';

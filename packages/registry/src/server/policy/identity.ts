import type { Scope } from "./scope.ts";

/** Who asks. An admin is an account too; a robot is a token of an account with its own scopes. */
export type Identity =
  | { readonly kind: "anonymous" }
  | {
      readonly kind: "account";
      readonly accountId: number;
      readonly name: string;
      readonly isAdmin: boolean;
      readonly isRobot: boolean;
      /** What the stored token allows at most. */
      readonly scopes: readonly Scope[];
      /** What a short-lived token was asked for; the client gets another one when it needs more. */
      readonly limits?: readonly Scope[];
      /** Of the stored token. */
      readonly tokenId: string;
    };

/** What an account is in a collection. */
export type Role = "reader" | "writer" | "owner";

/** An object of the archive that has files. */
export interface Swhid {
  readonly type: "rev" | "dir" | "rel";
  /** 40 hexadecimal digits. */
  readonly hash: string;
}

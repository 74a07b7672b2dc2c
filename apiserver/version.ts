/** What `/version` tells, in the fields of every Kubernetes server. */
export interface VersionInfo {
  /** A semantic version with a leading `v`. */
  readonly gitVersion: string;
  readonly gitCommit: string;
  /** RFC 3339, or empty when unknown. */
  readonly buildDate: string;
  /** The runtime, such as `node v24.1.0`. */
  readonly compiler: string;
  /** Such as `linux/amd64`. */
  readonly platform: string;
}

/** The document; major and minor are those of `gitVersion`. */
export function versionDocument(info: VersionInfo): object {
  const [, major = '', minor = ''] = /^v?(\d+)\.(\d+)/.exec(info.gitVersion) ?? [];
  return {
    major,
    minor,
    gitVersion: info.gitVersion,
    gitCommit: info.gitCommit,
    gitTreeState: '',
    buildDate: info.buildDate,
    goVersion: '',
    compiler: info.compiler,
    platform: info.platform,
  };
}

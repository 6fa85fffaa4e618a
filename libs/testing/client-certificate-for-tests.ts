/** A client certificate and its private key, made for specs and trusted by nobody. */
export const CLIENT = {
  certificate: `-----BEGIN CERTIFICATE-----
MIIBhDCCASugAwIBAgIUZjj548PzSY/VoByMulJ7DA7FkxUwCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMdGlkaW5ncyBzcGVjMCAXDTI2MTEyMjEzMTI1NVoYDzIxMjYx
MDI5MTMxMjU1WjAXMRUwEwYDVQQDDAx0aWRpbmdzIHNwZWMwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAATKn5ZM/IvaUoEc4gvQGZOpqUpoW43BqALH9bsYLnIerRFp
cY8ScYoe5d1tjBqnDsQaZ/fgJ0xiPaElzD/nEgxqo1MwUTAdBgNVHQ4EFgQUY+8C
aT+bDvx9Jq61VEcKls44p0AwHwYDVR0jBBgwFoAUY+8CaT+bDvx9Jq61VEcKls44
p0AwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiAd/9wiaZdig+OQ
fJ9zoai7hr5RLfkjPNf5hsGKKK2sdQIgborHS04noDA7PjA17ySg2F+kc5qgDiI+
ZZ3Vgu7Pi/g=
-----END CERTIFICATE-----
`,
  private_key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVzHMNasGTSUoaUSm
SGAhLTMevS+NihMWTtKyJfWtsBGhRANCAATKn5ZM/IvaUoEc4gvQGZOpqUpoW43B
qALH9bsYLnIerRFpcY8ScYoe5d1tjBqnDsQaZ/fgJ0xiPaElzD/nEgxq
-----END PRIVATE KEY-----
`,
};

/** The private key of something else. */
export const OTHER_KEY = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIMr0zbis2M+mx0ijgTc7ktnHGcQ41k0ygFlZbdQE86H/
-----END PRIVATE KEY-----
`;

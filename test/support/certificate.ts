/**
 * A certificate that signs itself, for 127.0.0.1 and localhost, valid for a hundred years, with its key. For tests only:
 * everybody has the key.
 */
export const testCertificate = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBnDCCAUOgAwIBAgIURn6ksrbaRJosTE7VfSuObSTFdV8wCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKbW90ZXEgdGVzdDAgFw0yNjExMjEwMzE5NTJaGA8yMTI2MTAy
ODAzMTk1MlowFTETMBEGA1UEAwwKbW90ZXEgdGVzdDBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABGwfiztSDAWY+i+s0GkefAI8/OPfE0VABElNME+Y2pDIr+R5s7Uo
yyCOsS8675LO6Lw2XdLvWMeYFLYkne9I292jbzBtMB0GA1UdDgQWBBTZfxMVszth
bbkXwNCDYAtI39bJ+DAfBgNVHSMEGDAWgBTZfxMVszthbbkXwNCDYAtI39bJ+DAa
BgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNHADBEAiAH59diK/tFqBYTkUVJZURAfuk1S3v8Fkc5movjKf4fywIg
MsJasfKlufn57tQE0uWsU8sFUoNUNl9N2Jh9xqacd1s=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQguH0hhc6MyQ7ayIsp
Gvzhhw8hn8WW1kaZxywTtmMz49qhRANCAARsH4s7UgwFmPovrNBpHnwCPPzj3xNF
QARJTTBPmNqQyK/kebO1KMsgjrEvOu+Szui8Nl3S71jHmBS2JJ3vSNvd
-----END PRIVATE KEY-----
`,
} as const;

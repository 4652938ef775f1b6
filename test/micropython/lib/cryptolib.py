# AES as stock firmware has it: ECB and CBC, no CTR, whole blocks, one direction an object. The cipher itself is the computer's.
from binascii import hexlify, unhexlify
import _board

_MODES = (1, 2)


class aes:
    def __init__(self, key, mode, IV=None):
        if mode not in _MODES:
            raise ValueError("mode")
        if len(key) not in (16, 32):
            raise ValueError("key")
        if mode == 2 and (IV is None or len(IV) != 16):
            raise ValueError("IV")
        self._key = hexlify(key).decode()
        self._mode = mode
        self._iv = hexlify(IV or b"").decode()

    def encrypt(self, data, out=None):
        if len(data) % 16:
            raise ValueError("blksize % 16")
        result = unhexlify(_board.encryptAes(self._key, self._mode, self._iv, hexlify(data).decode()))
        if self._mode == 2 and result:
            self._iv = hexlify(result[-16:]).decode()
        return result

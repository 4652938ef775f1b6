# The NeoPixel class; what is written can be seen from outside as the node's pixels.
import json
import _board


class NeoPixel:
    def __init__(self, pin, n, bpp=3, timing=1):
        self.pin = pin
        self.n = n
        self.bpp = bpp
        self._pixels = [(0,) * bpp for _ in range(n)]

    def __len__(self):
        return self.n

    def __setitem__(self, index, color):
        self._pixels[index] = tuple(color[i] for i in range(self.bpp))

    def __getitem__(self, index):
        return self._pixels[index]

    def fill(self, color):
        for index in range(self.n):
            self[index] = color

    def write(self):
        _board.showPixels(self.pin._id, json.dumps(self._pixels))

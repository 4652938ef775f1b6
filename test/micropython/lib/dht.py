# The DHT22 class. What the sensor would say is what its pin reads as an analogue one: the temperature in tenths; and
# what the pin 100 higher reads: the humidity in tenths. Without either nothing answers, as without a sensor.
import _board


class DHT22:
    def __init__(self, pin):
        self._id = pin._id
        self._read = (0, 0)

    def measure(self):
        read = (_board.readAdc(self._id), _board.readAdc(self._id + 100))
        if read == (0, 0):
            raise OSError(116)  # ETIMEDOUT
        self._read = read

    def temperature(self):
        return self._read[0] * 0.1

    def humidity(self):
        return self._read[1] * 0.1

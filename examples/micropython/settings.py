# What differs from place to place. Edit this file once and copy it to every node.

# The address of your gateway's radio: 12 hexadecimal digits.
GATEWAY = "02006d6f7465"

# The WiFi channel that the gateway is on, 1 to 13. Fix it at your access point, so that it stays what it is.
# None makes nodes that use link.py look for the gateway on all channels.
CHANNEL = 1

# The code that the gateway gives for native nodes to join with: 20 letters and digits.
CODE = "K7QF9-M2XTR-ABCDE-FGHJK"

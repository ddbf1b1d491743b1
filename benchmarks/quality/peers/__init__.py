"""The peers, each at its documented best use. A new one is a file beside these and a line here."""

from benchmarks.quality.peers.outliers import ECOD, IFOREST, KNN
from benchmarks.quality.peers.peer import Peer
from benchmarks.quality.peers.rules import BINOMIAL, FIXED, SIGMA
from benchmarks.quality.peers.seasonal import ADTK, PROPHET, STL
from benchmarks.quality.peers.streams import RRCF, TREES_PEER

PEERS: dict[str, Peer] = {
    peer.name: peer for peer in (FIXED, SIGMA, BINOMIAL, STL, ADTK, ECOD, KNN, IFOREST, TREES_PEER, RRCF, PROPHET)
}

__all__ = ["PEERS", "Peer"]

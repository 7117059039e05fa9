"""Programs broken at random: how they are made, how they are judged, and how a failing one is made small."""

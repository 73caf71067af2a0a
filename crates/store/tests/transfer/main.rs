//! Moving a store: from either engine into either, whatever comes between.

mod backup;
mod damage;
mod interrupted;
mod moved;
mod refused;
mod rooms;

// Flowkeep: an embedded, single-file store for flow sessions. This header brings the whole API.
#pragma once

#include <flowkeep/access.hpp>
#include <flowkeep/backup.hpp>
#include <flowkeep/binary.hpp>
#include <flowkeep/callback.hpp>
#include <flowkeep/cancel.hpp>
#include <flowkeep/changes.hpp>
#include <flowkeep/child.hpp>
#include <flowkeep/choices.hpp>
#include <flowkeep/column.hpp>
#include <flowkeep/guid.hpp>
#include <flowkeep/index.hpp>
#include <flowkeep/parent.hpp>
#include <flowkeep/query.hpp>
#include <flowkeep/reference.hpp>
#include <flowkeep/result.hpp>
#include <flowkeep/retention.hpp>
#include <flowkeep/session.hpp>
#include <flowkeep/session_summary.hpp>
#include <flowkeep/session_view.hpp>
#include <flowkeep/snapshot.hpp>
#include <flowkeep/state_model.hpp>
#include <flowkeep/store.hpp>
#include <flowkeep/sweep.hpp>
#include <flowkeep/timestamp.hpp>
#include <flowkeep/write_transaction.hpp>

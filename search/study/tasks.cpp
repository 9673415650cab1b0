#include "search/study/tasks.h"

#include <algorithm>

#include "search/study/cell.h"
#include "search/study/study_readers.h"

namespace cambium {
namespace {
// That of the data, which most tasks are about.
std::string natural_name(const Task& task) {
  const auto data = std::ranges::find(task.overrides, "data", &YamlEntry::key);
  if (data == task.overrides.end()) return {};
  if (data->value.is_scalar()) return data->value.text;
  return data->value.is_map() && data->value.entries.size() == 1 ? data->value.entries[0].key : "";
}

// `searched`: by a search, whose objectives judge on every task.
Task task_from(const Yaml& yaml, const Study& study, size_t place, bool searched) {
  if (!yaml.is_map() || yaml.entries.empty())
    throw UserError("a task is a map of overrides",
                    "write {data: {in_context_recall: {}}}, with a name: if you like", yaml.mark);
  Task task{.mark = yaml.mark, .metric = {study.metric, study.metric_mark, study.maximize}};
  Mark named = yaml.mark;
  for (const YamlEntry& e : yaml.entries) {
    if (e.key == "name")
      std::tie(task.name, named) = std::pair(e.value.text, e.value.mark);
    else if (e.key == "metric" && searched)
      throw UserError("the objectives of a search are those of all its tasks",
                      "leave metric: out of the task", e.key_mark);
    else if (e.key == "metric")
      task.metric = metric_from(e.value);
    else
      task.overrides.push_back(e);
  }
  if (task.name.empty()) task.name = natural_name(task);
  if (task.name.empty()) task.name = str("task", place + 1);
  if (!is_folder_name(task.name))
    throw UserError(str("'", task.name, "' cannot name a task"), std::string(kFolderNameHelp),
                    named);
  return task;
}
}  // namespace

void read_tasks(const Yaml& yaml, StudyFile& file) {
  require(yaml.is_list() && !yaml.items.empty(),
          "tasks: is a list of overrides, such as [{data: {in_context_recall: {}}}]");
  for (const Yaml& item : yaml.items) try {
      Task task = task_from(item, file.study, file.study.tasks.size(), file.kind == kOfModels);
      if (std::ranges::count(file.study.tasks, task.name, &Task::name))
        throw UserError(str("two tasks are named '", task.name, "'"),
                        "give each a name: of its own", task.mark);
      file.study.tasks.push_back(std::move(task));
    } catch (const UserErrors& e) {
      file.errors.add_all(e);
    } catch (UserError& e) {
      if (!e.mark.known()) e.mark = item.mark;
      file.errors.add(e);
    }
}

void spread_over_tasks(Study& study) {
  if (study.tasks.empty()) return;
  constexpr size_t kMost = 1000;
  if (study.tasks.size() * study.variants.size() > kMost)
    throw UserError(str(study.variants.size(), " variants on ", study.tasks.size(),
                        " tasks are more than ", kMost, " trainings a seed"),
                    "compare fewer at a time", study.tasks.front().mark);
  std::vector<Variant> cells;
  for (const Task& task : study.tasks)
    for (const Variant& v : study.variants) {
      Variant cell = v;
      cell.name = cell_name(v.name, task.name);
      cell.overrides.insert(cell.overrides.begin(), task.overrides.begin(), task.overrides.end());
      cells.push_back(std::move(cell));
    }
  study.variants = std::move(cells);
}

Metric metric_of(const Study& study, std::string_view cell) {
  const auto task = std::ranges::find(study.tasks, task_of(cell), &Task::name);
  if (task != study.tasks.end()) return task->metric;
  return {study.metric, study.metric_mark, study.maximize};
}
}  // namespace cambium

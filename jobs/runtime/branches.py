"""The night as branches: which task waits for which. `nightly` runs them and publish_night reads them.

A task is a job of the same name; `check_G` is the job check_tables for the gate G.

In Airflow each branch is a box of the graph. The branches of one line of TOGETHER share a box, such as
`offers_and_audiences`. A job has a task of its own there only if it is in ALONE. All other jobs of a box run one after
another in one process, the task `run_BOX`: starting Spark takes longer than most of them. A test compares the DAG with
these tables.
"""

from __future__ import annotations

# branch -> task -> what the task waits for. A task runs only if each task that it names has succeeded. `X_over` waits
# until every task of the branch (or the task) X has ended, with or without success: nothing more comes from X then.
BRANCHES: dict[str, dict[str, tuple[str, ...]]] = {
    "intake": {
        "receive_drop": (),
        "receive_erasures": ("receive_drop",),
        "clean_events": ("receive_erasures",),
        "update_catalogue": ("clean_events",),
        "drop_erased_rows": ("update_catalogue",),
        "check_clean": ("drop_erased_rows",),
    },
    "features": {
        "update_interest": ("check_clean",),
        "build_features": ("check_clean",),
        "update_profiles": ("build_features",),
        "check_features": ("update_interest", "update_profiles"),
    },
    "lists": {
        "rank_popular_items": ("check_features",),
        "find_bought_together": ("check_features",),
        "train_als": ("check_features",),
        "train_lstm": ("check_clean",),
        "train_ranker": ("train_als", "train_lstm_over"),
        "recommend_items": ("train_ranker", "rank_popular_items"),
        "check_lists": ("recommend_items", "find_bought_together"),
    },
    "customers": {
        "segment_users": ("check_features",),
        "predict_purchases": ("check_features",),
        "check_customers": ("segment_users", "predict_purchases"),
    },
    "offers": {
        "choose_offers": ("check_lists", "customers_over"),
        "check_offers": ("choose_offers",),
    },
    "audiences": {
        "find_audiences": ("check_features", "offers_over"),
        "check_audiences": ("find_audiences",),
    },
    "images": {
        "receive_images": ("check_clean",),
        "embed_images": ("receive_images",),
        "recognise_attributes": ("embed_images",),
        "find_similar_images": ("embed_images",),
        "search_images": ("embed_images",),
        "train_image_editor": ("receive_images",),
        "draft_images": ("recognise_attributes", "train_image_editor"),
        "check_images": ("recognise_attributes", "find_similar_images", "search_images", "draft_images"),
        "show_images": ("check_images",),
    },
    "service": {
        "update_policies": ("check_clean",),
        "mask_questions": ("check_clean",),
        "build_knowledge": ("update_policies", "mask_questions"),
        "train_answerer": ("build_knowledge",),
        "answer_questions": ("train_answerer", "offers_over"),
        "answer_items": ("check_clean",),
        "cluster_unanswered": ("answer_questions",),
        "judge_answers": ("answer_questions",),
        "check_service": ("answer_items", "cluster_unanswered", "judge_answers"),
        "show_service": ("check_service",),
    },
    "copy": {
        "train_copywriter": ("check_clean",),
        "write_copy": ("check_lists", "offers_over", "train_copywriter_over", "images_over"),
        "check_copy": ("write_copy",),
    },
    "prices": {
        "suggest_prices": ("check_clean",),
        "check_prices": ("suggest_prices",),
    },
    "judge": {
        "judge_lists": ("check_clean",),
        "judge_experiments": ("check_features", "offers_over"),
        "measure_exposure": ("check_features", "offers_over"),
        "check_experiments": ("judge_lists", "judge_experiments", "measure_exposure"),
    },
    "publish": {
        "publish_night": (
            "check_lists",
            "customers_over",
            "offers_over",
            "audiences_over",
            "copy_over",
            "images_over",
            "service_over",
        ),
        "prune_lake": ("publish_night", "prices_over", "judge_over"),
    },
    "show": {
        # a night that is not published is shown too, as soon as none of its tasks runs any more
        "show_night": (
            "publish_over",
            "customers_over",
            "offers_over",
            "audiences_over",
            "copy_over",
            "images_over",
            "service_over",
            "prices_over",
            "judge_over",
        ),
    },
}
# These jobs have a task of their own: those that wait for a file, those that train (on a GPU where there is one), those
# that a dry run skips, and the pages, which need no Spark.
ALONE: tuple[str, ...] = (
    "receive_drop",
    "train_als",
    "train_lstm",
    "train_copywriter",
    "publish_night",
    "prune_lake",
    "show_night",
)
# Branches that share a box, in the order in which they run. Separate boxes would gain nothing: no night is published
# without intake and features, audiences wait for offers anyway, and only people read prices and judgements. In Airflow
# a task that waits for one of them waits for the whole box. The box waits for all that its branches wait for.
TOGETHER: tuple[tuple[str, ...], ...] = (
    ("intake", "features"),
    ("offers", "audiences"),
    ("prices", "judge"),
)
AND, OVER, CHECK = "_and_", "_over", "check_"
# name of a box -> its branches
BOXES: dict[str, tuple[str, ...]] = {
    AND.join(box): box for box in (next((line for line in TOGETHER if name in line), (name,)) for name in BRANCHES)
}
TASKS: dict[str, tuple[str, ...]] = {task: needs for tasks in BRANCHES.values() for task, needs in tasks.items()}


def job_of(task: str) -> tuple[str, dict[str, str]]:
    """(job, its own options) of a task."""
    if task.startswith(CHECK):
        return "check_tables", {"stage": task.removeprefix(CHECK)}
    return task, {}

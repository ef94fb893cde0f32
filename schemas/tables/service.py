"""Customer service: policies, questions without personal data, what is known, and the answers of the night."""

from schemas.columns import DETAIL, ITEM_ID, RANK, USER_ID, VALID_UNTIL
from schemas.table import Column, Table

ANSWERED, HANDED_OVER, REFUSED = "answered", "handed_over", "refused"
DECISIONS = (ANSWERED, HANDED_OVER, REFUSED)
SOURCE_KINDS = ("policy", "item", "account")
OUTCOMES = ("sent", "edited", "thrown_away")
OWNERS = ("own", "other", "unknown")

_LANGUAGE = Column("language", "string", "Name of the language's file.")
_SOURCE_TABLE = Column("source_table", "string", "The table of the row that the answer is read from.")
_SOURCE_ID = Column("source_id", "string", "The key of that row.")
_SOURCE_HASH = Column("source_hash", "string", "Digest of what was read of it: another digest, another answer.")
_TOPIC = Column("topic", "string", "What it is about: a policy's id, or a topic of the language file.")
_QUESTION = Column("question_id", "string", "The shop's id of the question.")

POLICIES = Table(
    name="policies",
    grain="one policy of the shop in one language, as tonight's drop has it",
    key=("policy_id",),
    columns=(
        Column("policy_id", "string", "The shop's id."),
        _LANGUAGE,
        Column("title", "string", "Its heading.", nullable=True),
        Column("text", "string", "Its text without markup."),
        Column("valid_from", "date", "First day it holds; null: always did.", nullable=True),
        Column("valid_to", "date", "Last day it holds; null: no end is known.", nullable=True),
        _SOURCE_HASH,
        Column("contradicts", "string", "Id of a policy that cannot hold beside this one.", nullable=True),
    ),
    readers="build_knowledge, answer_questions, ask; update_policies tomorrow",
    gate="service",
    may_be_empty=True,
)

QUESTIONS = Table(
    name="questions",
    grain="one question of a customer, with its personal data masked before it was stored",
    key=("question_id",),
    columns=(
        _QUESTION,
        Column("asked_at", "timestamp", "When, UTC; null where the shop does not say.", nullable=True),
        USER_ID.but(nullable=True),
        ITEM_ID.but(nullable=True, doc="The item whose page it was asked on."),
        Column("conversation_id", "string", "The shop's id of the conversation.", nullable=True),
        Column("text", "string", "What was asked; personal data are words in square brackets."),
        Column("length", "int32", "Characters that arrived.", min=0),
        Column("masked", "string", "JSON: kind of personal data -> how many were masked."),
        Column("order_owner", "string", "Whose order the text names; null where it names none.", nullable=True,
               one_of=OWNERS),
    ),
    readers="build_knowledge, answer_questions, cluster_unanswered, judge_answers",
    gate="service",
    may_be_empty=True,
)  # fmt: skip

REJECTED_SERVICE_ROWS = Table(
    name="rejected_service_rows",
    grain="one row of questions or replies that is not used; its text is never stored",
    key=(),
    columns=(
        Column("input", "string", "Which input.", one_of=("questions", "replies")),
        Column("row_id", "string", "The row's id, where it has one.", nullable=True),
        Column("source_file", "string", "The file below the drop."),
        Column("reason", "string", "Why it is rejected."),
        DETAIL,
    ),
    readers="people",
    gate="service",
    may_be_empty=True,
)

REJECTED_POLICIES = Table(
    name="rejected_policies",
    grain="one row of the policies' files that is not used, with the reason",
    key=(),
    columns=REJECTED_SERVICE_ROWS.columns[1:],
    readers="people",
    gate="service",
    may_be_empty=True,
)

REPLIES = Table(
    name="replies",
    grain="one reply of an agent to one question, with its personal data masked",
    key=("question_id",),
    columns=(
        _QUESTION,
        Column("text", "string", "What the agent sent; personal data are words in square brackets."),
        Column("policy_id", "string", "The policy it came from, where the shop says so.", nullable=True),
        Column("outcome", "string", "What became of our suggestion.", one_of=OUTCOMES),
        Column("rating", "float64", "The customer's stars.", nullable=True, min=0),
        Column("question", "string", "The question's masked text, of this night or an earlier one.", nullable=True),
    ),
    readers="build_knowledge, judge_answers",
    gate="service",
    may_be_empty=True,
)

KNOWLEDGE = Table(
    name="knowledge",
    grain="one wording of a question and the current row that answers it",
    key=("knowledge_id",),
    columns=(
        Column("knowledge_id", "string", "Digest of topic, language and pattern."),
        Column("pattern", "string", "How people ask it."),
        Column("answer", "string", "Template with {slots}, or the text that is quoted."),
        _LANGUAGE,
        _TOPIC,
        Column("source_kind", "string", "What answers it.", one_of=SOURCE_KINDS),
        _SOURCE_TABLE,
        _SOURCE_ID,
        _SOURCE_HASH,
        VALID_UNTIL,
        Column("support", "int64", "Questions of customers with this wording that an agent answered so.", min=0),
    ),
    readers="train_answerer, answer_questions; build_knowledge tomorrow",
    gate="service",
    may_be_empty=True,
)

SUGGESTED_ANSWERS = Table(
    name="suggested_answers",
    grain="one suggestion for one question; rank 1 carries the decision about the question",
    key=("question_id", "rank"),
    columns=(
        _QUESTION,
        RANK.but(doc="1 is the answer that is likeliest."),
        Column("answer", "string", "The text to send; null where there is none.", nullable=True),
        Column("knowledge_id", "string", "Row of `knowledge`.", nullable=True),
        _TOPIC.but(nullable=True),
        _SOURCE_TABLE.but(nullable=True),
        _SOURCE_ID.but(nullable=True),
        Column("source_column", "string", "What of that row is stated.", nullable=True),
        _SOURCE_HASH.but(nullable=True),
        Column("chance", "float32", "Calibrated chance that it answers the question.", min=0, max=1),
        Column("decision", "string", "What to do.", one_of=DECISIONS),
        Column("reason", "string", "Why a person is needed; null where it is answered.", nullable=True),
        Column("used", "string", "What of the person asking was used, such as 'offers WB10'; null: nothing.",
               nullable=True),
        VALID_UNTIL,
    ),
    readers="the help desk; cluster_unanswered, judge_answers",
    product="service",
    may_be_empty=True,
)  # fmt: skip

ITEM_ANSWERS = Table(
    name="item_answers",
    grain="the answer to one likely question about one item",
    key=("item_id", "topic", "language"),
    columns=(
        ITEM_ID,
        _TOPIC.but(doc="A topic of the language file."),
        _LANGUAGE,
        Column("answer", "string", "The text."),
        Column("source_column", "string", "Column or attribute of `items` that it states."),
        _SOURCE_HASH,
        VALID_UNTIL,
    ),
    readers="the storefront",
    product="service",
    may_be_empty=True,
)

UNANSWERED_TOPICS = Table(
    name="unanswered_topics",
    grain="one group of alike questions that nothing answers",
    key=("topic",),
    columns=(
        Column("topic", "int64", "Number of the group; it stays from night to night.", min=1),
        Column("size", "int64", "Questions of this night.", min=1),
        Column("examples", "string", "JSON list of masked questions."),
        Column("words", "string", "What its questions have in common."),
        Column("nearest_policy", "string", "The policy that comes nearest.", nullable=True),
        Column("first_seen_on", "date", "The night that first had it."),
    ),
    readers="the shop; cluster_unanswered tomorrow",
    gate="service",
    may_be_empty=True,
)

ANSWER_QUALITY = Table(
    name="answer_quality",
    grain="one figure of the night's answers",
    key=("measure", "topic"),
    columns=(
        Column("measure", "string", "What is counted."),
        _TOPIC.but(doc="The topic, the reason or the part of the answerer that it is of; 'all' for every one."),
        Column("value", "float64", "The figure.", min=0),
        Column("questions", "int64", "Questions, or wordings held out, that it is made of.", min=0),
    ),
    readers="people; show_service",
    gate="service",
    may_be_empty=True,
)

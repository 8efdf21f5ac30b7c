"""`csv`: rows for a spreadsheet, which must not take them for formulas."""

import csv
import io

from formats.conftest import in_a_line

FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
COLUMNS = [
    "AccountId",
    "AccountName",
    "Region",
    "CollectedAt",
    "CollectedAs",
    "ComplianceType",
    "Verified",
    "Annotation",
    "Caveats",
    "RuleParameters",
    "Name",
    "TrailARN",
    "HomeRegion",
    "S3BucketName",
    "IsMultiRegionTrail",
    "IsOrganizationTrail",
    "IncludeGlobalServiceEvents",
    "IsLogging",
    "StartLoggingTime",
    "StopLoggingTime",
    "LatestDeliveryTime",
    "LatestDeliveryError",
    "LatestDigestDeliveryTime",
    "HasCustomEventSelectors",
    "IncludeManagementEvents",
    "ReadWriteType",
    "ExcludedEventSources",
    "RecordedBy",
    "EventSelectors",
    "LogFileValidationEnabled",
    "KmsKeyId",
    "CloudWatchLogsLogGroupArn",
    "SnsTopicARN",
    "S3KeyPrefix",
    "NotRead",
    "Notes",
    "Delivery",
    "Regions",
    "Result",
    "Reason",
    "Text",
    "Consequence",
    "Remedy",
    "Commands",
    "EvidenceFile",
    "EvidenceSha256",
    "ContentSha256",
    "Control",
    "Rule",
    "Version",
    "ExceptedUntil",
    "ExceptionOwner",
    "ExceptionJustification",
    "State",
    "OrganizationalUnit",
    "Status",
    "Error",
]


def cell(text):
    line = in_a_line(text or "")
    return f"'{line}" if line.strip().startswith(FORMULA) else line


def test_rows_are_the_reports_trails_and_reasons(reported):
    def check(account):
        report = account.report
        reader = csv.DictReader(io.StringIO(account.output, newline=""), strict=True)
        rows = list(reader)
        assert reader.fieldnames == COLUMNS
        expected = [
            (cell(trail["name"]), cell(trail["trailArn"]), reason.get("code", ""))
            for trail in report["trails"]
            for reason in trail["reasons"] or [{}]
        ]
        assert [(row["Name"], row["TrailARN"], row["Reason"]) for row in rows] == (expected or [("", "", "")])
        for row in rows:
            assert set(row) == set(COLUMNS)
            assert row["ComplianceType"] == (report["complianceType"] or "NO_VERDICT")
            assert row["Verified"] == {True: "true", False: "false", None: ""}[report["verified"]]
            assert row["Annotation"] == cell(report["annotation"])
            assert row["RuleParameters"] == cell(account.rule_parameters)
            assert row["Control"] == "CIS AWS Foundations v3.0.0, 3.1"
            assert row["Caveats"] == "no checksum: nobody can tell whether it was changed"
            assert len(row["EvidenceSha256"]) == 64 and row["EvidenceSha256"] == report["evidenceSha256"]
        for row, trail in zip(rows, [each for each in report["trails"] for _ in each["reasons"] or [{}]], strict=False):
            assert row["IsLogging"] == {True: "true", False: "false", None: ""}[trail["isLogging"]]
            assert row["ReadWriteType"] == (trail["readWriteType"] or "")
            assert row["EventSelectors"] == cell("; ".join(trail["eventSelectors"]))
            assert row["NotRead"] == cell("; ".join(trail["notRead"]))
            delivery = trail.get("delivery") or {"proof": "", "regions": []}
            assert row["Delivery"] == delivery["proof"]
            for region in delivery["regions"]:
                assert in_a_line(f"{region['region']}: {region['code']}: {region['text']}") in row["Regions"]
        for row in rows:
            for text in row.values():
                assert not text.strip().startswith(FORMULA), text
                assert text == in_a_line(text)

    reported("csv").each(check)
